"""One business, its shops and channels, and who works for which of them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import Index, UniqueConstraint

from app.panel.core.columns import (
    children,
    choice,
    currency,
    day,
    file_ref,
    flag,
    instant,
    integer,
    longtext,
    ref,
    relation,
    text,
)
from app.panel.core.db import PanelModel
from app.shop.setup import rules
from app.shop.setup.states import (
    AccountPart,
    AccountState,
    ApplicationState,
    AttachmentKind,
    AttachmentState,
    ChannelKind,
    Language,
    LogoSource,
    OrganisationKind,
    ReviewVerb,
)


class Business(PanelModel):
    """The legal owner of all shops of this instance: one row, made at the first run."""

    __tablename__ = "setup_business"
    name = text(_("Business name"), 200, required=True, search=True)
    credit_code = text(
        _("Unified social credit code"), 18,
        check=rules.credit_code, help=_("18 characters, from the business licence."),
    )
    licence_scope = longtext(
        _("Scope of the business licence"),
        help=_("One category a line. A shop whose main category is not among them is flagged."),
    )
    legal_person = text(_("Legal person"), 100)
    phone = text(_("Phone"), 40)
    currency = currency(default="CNY")
    zone = text(
        _("Time zone"), 64, default="Asia/Shanghai", check=rules.zone,
        help=_("Where its days begin and end, on all screens and for all shops. Written as Asia/Shanghai."),
    )
    language = choice(_("Language"), Language, default=Language.ZH, help=_("Of notices that no person causes."))
    shops = children(_("Shops"), "Shop", back="business")

    def __str__(self) -> str:
        return self.name


class Shop(PanelModel):
    """A store, a Douyin shop, a sub-site: what orders, channels, customers and warehouses belong to."""

    __tablename__ = "setup_shop"
    __table_args__ = (UniqueConstraint("name"), UniqueConstraint("code"))
    business_id = ref(_("Business"), "setup_business.id", nullable=False, hidden=True)
    business = relation("Business", business_id, back_populates="shops")
    name = text(
        _("Shop name"), 100, required=True, search=True,
        help=_("8 to 12 characters with the core keyword in it, no rare characters."),
    )
    code = text(_("Short name"), 40, help=_("Letters and digits, for imports and file names."))
    core_keyword = text(
        _("Core keyword"), 100, help=_("Category and brand, separated by spaces: each should stand in the name.")
    )
    main_category = text(_("Main category"), 100, search=True)
    currency = currency(default="CNY")
    phone = text(_("Service phone"), 40)
    address = text(_("Address"), 300)
    logo_id = file_ref(_("Logo"), help=_("Square, at least 400 × 400 pixels."))
    logo = relation("File", logo_id)
    logo_source = choice(_("Source of the logo"), LogoSource, default=LogoSource.UNKNOWN)
    logo_licence = text(_("Licence of the logo"), 300, help=_("Contract number, licence name or address of the proof."))
    is_active = flag(_("Open for business"), default=True)
    channels = children(_("Channels"), "Channel", back="shop", order_by="(Channel.position, Channel.id)")

    def __str__(self) -> str:
        return self.name


class Channel(PanelModel):
    """One place where a shop sells: its site, its counter, its Douyin account."""

    __tablename__ = "setup_channel"
    __table_args__ = (UniqueConstraint("shop_id", "name"), Index(None, "kind"))
    shop_id = ref(_("Shop"), "setup_shop.id", required=True)
    shop = relation("Shop", shop_id, back_populates="channels")
    name = text(_("Channel"), 100, required=True, search=True)
    kind = choice(_("Platform"), ChannelKind, default=ChannelKind.OWN_SITE)
    url = text(_("Address on the net"), 500)
    external_id = text(_("Number on the platform"), 100, search=True)
    position = integer(_("Position"), default=0)
    is_active = flag(_("Open for business"), default=True)
    accounts = children(_("Platform accounts"), "ChannelAccount", back="channel")

    def __str__(self) -> str:
        return self.name


class ChannelAccount(PanelModel):
    """One credential of a channel on its platform, and until when it is good."""

    __tablename__ = "setup_channel_account"
    __table_args__ = (UniqueConstraint("channel_id", "part", "name"), Index(None, "expires_on"))
    channel_id = ref(_("Channel"), "setup_channel.id", required=True, ondelete="CASCADE")
    channel = relation("Channel", channel_id, back_populates="accounts")
    part = choice(_("Credential"), AccountPart, default=AccountPart.ACCOUNT)
    name = text(_("Account name"), 100, required=True, search=True)
    subject = text(_("Verified subject"), 200, help=_("The company name that the platform has checked."))
    state = choice(_("State"), AccountState, default=AccountState.BOUND, readonly=True)
    verified_on = day(_("Verified on"))
    expires_on = day(_("Expires on"))
    reminded_on = day(_("Reminded on"), hidden=True)
    note = text(_("Note"), 300)

    def __str__(self) -> str:
        return self.name


class StaffAssignment(PanelModel):
    """Who works for which shop, or only for one channel of it. No shop means: every shop."""

    __tablename__ = "setup_staff_assignment"
    __table_args__ = (UniqueConstraint("user_id", "shop_id", "channel_id"),)
    user_id = ref(_("Person"), "ab_user.id", required=True, ondelete="CASCADE")
    user = relation("User", user_id)
    shop_id = ref(_("Shop"), "setup_shop.id", ondelete="CASCADE", help=_("Empty: every shop."))
    shop = relation("Shop", shop_id)
    channel_id = ref(_("Channel"), "setup_channel.id", ondelete="CASCADE", help=_("Empty: every channel of the shop."))
    channel = relation("Channel", channel_id)
    note = text(_("Note"), 200)

    def __str__(self) -> str:
        return " · ".join(str(part) for part in (self.user, self.shop, self.channel) if part)


class Organisation(PanelModel):
    """A company that passed the review: ourselves, a supplier, an agency, a sub-site."""

    __tablename__ = "setup_organisation"
    name = text(_("Company name"), 200, required=True, search=True)
    credit_code = text(
        _("Unified social credit code"), 18, required=True, unique=True, search=True, check=rules.credit_code
    )
    kind = choice(_("Kind of organisation"), OrganisationKind, default=OrganisationKind.SUPPLIER)
    legal_person = text(_("Legal person"), 100)
    licence_scope = longtext(_("Scope of the business licence"), help=_("One category a line."))
    contact = text(_("Contact person"), 100)
    phone = text(_("Phone"), 40)
    is_active = flag(_("Active"), default=True)

    def __str__(self) -> str:
        return self.name


class OrgApplication(PanelModel):
    """A company asks to be let in: its data and papers, on the way through the review queue."""

    __tablename__ = "setup_org_application"
    __table_args__ = (Index(None, "state", "submitted_at"),)
    company_name = text(_("Company name"), 200, search=True)
    credit_code = text(_("Unified social credit code"), 18, search=True, index=True, check=rules.credit_code)
    kind = choice(_("Kind of organisation"), OrganisationKind, default=OrganisationKind.SUPPLIER)
    legal_person = text(_("Legal person"), 100)
    licence_scope = longtext(_("Scope of the business licence"), help=_("One category a line."))
    contact = text(_("Contact person"), 100)
    phone = text(_("Phone"), 40)
    state = choice(_("State"), ApplicationState, default=ApplicationState.DRAFT, readonly=True)
    applicant_id = ref(_("Applicant"), "ab_user.id", ondelete="SET NULL", readonly=True)
    applicant = relation("User", applicant_id)
    submitted_at = instant(_("Submitted at"), readonly=True)
    decided_at = instant(_("Decided at"), readonly=True)
    organisation_id = ref(_("Organisation"), "setup_organisation.id", ondelete="SET NULL", readonly=True)
    organisation = relation("Organisation", organisation_id)
    attachments = children(_("Papers"), "OrgAttachment", back="application", readonly=True, order_by="OrgAttachment.id")
    events = children(_("Review history"), "ReviewEvent", back="application", readonly=True, order_by="ReviewEvent.id")

    def __str__(self) -> str:
        return self.company_name or f"#{self.id}"


class OrgAttachment(PanelModel):
    """One paper of an application. A replaced one stays, so that the history shows what was sent back."""

    __tablename__ = "setup_org_attachment"
    __table_args__ = (Index(None, "application_id", "kind"),)
    application_id = ref(_("Application"), "setup_org_application.id", required=True, ondelete="CASCADE")
    application = relation("OrgApplication", application_id, back_populates="attachments")
    kind = choice(_("Paper"), AttachmentKind, default=AttachmentKind.LICENCE)
    file_id = file_ref(_("File"))
    file = relation("File", file_id)
    state = choice(_("State"), AttachmentState, default=AttachmentState.PENDING)
    reason = text(_("Why it was sent back"), 500)

    def __str__(self) -> str:
        return str(self.kind.label)


class ReviewEvent(PanelModel):
    """One step of a review: who did what to which paper, when and why. Written once."""

    __tablename__ = "setup_review_event"
    application_id = ref(_("Application"), "setup_org_application.id", required=True, ondelete="CASCADE")
    application = relation("OrgApplication", application_id, back_populates="events")
    attachment_id = ref(_("Paper"), "setup_org_attachment.id", ondelete="CASCADE")
    attachment = relation("OrgAttachment", attachment_id)
    verb = choice(_("Step"), ReviewVerb, default=ReviewVerb.SUBMITTED)
    reason = text(_("Reason"), 500)
    happened_at = instant(_("When"), required=True)
    actor_id = ref(_("Who"), "ab_user.id", ondelete="SET NULL")
    actor = relation("User", actor_id)

    def __str__(self) -> str:
        return str(self.verb.label)
