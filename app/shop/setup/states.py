"""Closed lists of the setup domain and the moves that its rows may make."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.choices import Choices


class Language(Choices):
    """In which language the house writes what nobody asked for: notices of jobs, papers."""

    ZH = "zh_Hans_CN", "简体中文"
    EN = "en", "English"


class ChannelKind(Choices):
    """Where an order can come from. The platform decides which file layouts and rules fit."""

    OWN_SITE = "own_site", _("Own site"), "info"
    APP = "app", _("App"), "info"
    COUNTER = "counter", _("Counter"), "neutral"
    WECHAT = "wechat", _("WeChat"), "success"
    DOUYIN = "douyin", _("Douyin"), "neutral"
    TIKTOK = "tiktok", _("TikTok"), "neutral"
    KUAISHOU = "kuaishou", _("Kuaishou"), "warning"
    XIAOHONGSHU = "xiaohongshu", _("Xiaohongshu"), "danger"
    TAOBAO = "taobao", _("Taobao"), "warning"
    TMALL = "tmall", _("Tmall"), "danger"
    JD = "jd", _("JD"), "danger"
    PINDUODUO = "pinduoduo", _("Pinduoduo"), "danger"
    SHOPIFY = "shopify", _("Shopify"), "success"
    PHONE = "phone", _("Phone"), "neutral"
    OTHER = "other", _("Other channel"), "muted"


class AccountPart(Choices):
    """What a platform wants from a seller: the account itself, its enterprise check, its shop window."""

    ACCOUNT = "account", _("Official account")
    ENTERPRISE = "enterprise", _("Enterprise verification")
    SHOWCASE = "showcase", _("Shop window")


class AccountState(Choices):
    BOUND = "bound", _("Bound"), "info"
    VERIFIED = "verified", _("Verified"), "success"
    EXPIRED = "expired", _("Expired"), "danger"


class LogoSource(Choices):
    """Where a logo comes from; an unknown one is a copyright dispute waiting."""

    OWN = "own", _("Own design"), "success"
    COMMISSIONED = "commissioned", _("Commissioned, rights transferred"), "success"
    LICENSED = "licensed", _("Bought licence"), "info"
    UNKNOWN = "unknown", _("Unknown"), "warning"


class OrganisationKind(Choices):
    OWN = "own", _("Our own business")
    SUPPLIER = "supplier", _("Supplier")
    AGENCY = "agency", _("Agency")
    SUBSITE = "subsite", _("Sub-site")


class ApplicationState(Choices):
    DRAFT = "draft", _("Draft"), "muted"
    PENDING = "pending", _("To review"), "warning"
    REJECTED = "rejected", _("Sent back"), "danger"
    APPROVED = "approved", _("Approved"), "success"


APPLICATION_MOVES: dict[ApplicationState, frozenset[ApplicationState]] = {
    ApplicationState.DRAFT: frozenset({ApplicationState.PENDING}),
    ApplicationState.PENDING: frozenset({ApplicationState.REJECTED, ApplicationState.APPROVED}),
    ApplicationState.REJECTED: frozenset({ApplicationState.PENDING}),
    ApplicationState.APPROVED: frozenset(),
}


class AttachmentKind(Choices):
    LICENCE = "licence", _("Business licence")
    LEGAL_PERSON_ID = "legal_person_id", _("ID of the legal person")


class AttachmentState(Choices):
    PENDING = "pending", _("To review"), "warning"
    ACCEPTED = "accepted", _("Accepted"), "success"
    REJECTED = "rejected", _("Sent back"), "danger"
    REPLACED = "replaced", _("Replaced"), "muted"


class ReviewVerb(Choices):
    """The steps of an application that its history tells."""

    SUBMITTED = "submitted", _("Handed in"), "info"
    REJECTED = "rejected", _("Sent back"), "danger"
    REPLACED = "replaced", _("File replaced"), "info"
    APPROVED = "approved", _("Approved"), "success"


class Severity(Choices):
    """What happens when something is outside a rule of good practice."""

    OFF = "off", _("Say nothing"), "muted"
    WARN = "warn", _("Warn"), "warning"
    BLOCK = "block", _("Refuse to save"), "danger"
