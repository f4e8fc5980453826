"""What is done to many customers at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.panel.bulk.engine import Look, Piece, RowByRow, bring_back, register
from app.panel.core import mail, policy, records
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.shop.customers import forms, services
from app.shop.customers.models import Customer, CustomerMerge, CustomerTag
from app.shop.customers.states import CustomerState


@register
class TagCustomers(RowByRow):
    key, model, label, icon, order = "customers.tags", Customer, _("Tags"), "fa-tag", 10
    permission, form, instead_of, by_version = "tag", forms.TagManyForm, "tag", False

    def authorize(self, actor: Any, values: dict[str, Any]) -> None:
        super().authorize(actor, values)
        policy.authorize(actor, "write", self.resource)

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        given = {}
        for name in ("add", "remove"):
            given[name] = [tag.id for tag in records.get_many(CustomerTag, form[name].data or [], actor=actor)]
        if not any(given.values()):
            raise InvalidInput({"add": gettext("Choose at least one tag.")})
        return given

    def said(self, values: dict[str, Any]) -> str:
        names = _names([*values["add"], *values["remove"]])
        signed = [("+", key) for key in values["add"]] + [("−", key) for key in values["remove"]]
        return ", ".join(f"{sign}{names[key]}" for sign, key in signed if key in names)

    def prepare(self, rows: Sequence[Customer], values: dict[str, Any], *, actor: Any) -> None:
        found = select(Customer).where(Customer.id.in_([row.id for row in rows]))
        db.session.scalars(found.options(selectinload(Customer.tags))).all()

    def look(self, row: Customer, values: dict[str, Any], *, actor: Any) -> Look:
        if row.state is CustomerState.ERASED:
            return Look(refused=gettext("This person has been erased; the card stays empty."))
        have = {tag.id: tag.name for tag in row.tags}
        after = (have.keys() | set(values["add"])) - set(values["remove"])
        known = have | _names([key for key in after if key not in have])
        told = [sorted(known[key] for key in keys if key in known) for keys in (have, after)]
        return Look(same=after == have.keys(), before={"tags": told[0]}, after={"tags": told[1]})

    def kept(self, row: Customer, values: dict[str, Any]) -> dict[str, Any]:
        have, off = {tag.id for tag in row.tags}, set(values["remove"])
        return {"added": sorted(set(values["add"]) - off - have), "removed": sorted(off & have)}

    def apply_all(self, rows: Sequence[Customer], values: dict[str, Any], *, actor: Any) -> None:
        services.set_tags(rows, add=values["add"], remove=values["remove"], actor=actor)

    def take_back(self, row: Customer, image: dict[str, Any], *, actor: Any) -> str:
        services.set_tags([row], add=list(_names(image["removed"])), remove=image["added"], actor=actor)
        return ""


def _names(keys: Sequence[int]) -> dict[int, str]:
    """Those of these tags that are still there, by number."""
    found = select(CustomerTag.id, CustomerTag.name).where(CustomerTag.id.in_(keys))
    return dict(db.session.execute(found).tuples().all()) if keys else {}


@register
class MergeInto(RowByRow):
    """Each chosen card becomes part of one card: the same person came in under several."""

    key, model, label, icon, order = "customers.merge", Customer, _("Merge into one card"), "fa-code-merge", 40
    permission, form, by_version, rows_go, tone = "merge", forms.MergeManyForm, False, True, "danger"

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        key = str(form.kept.data or "")
        if not key.isdecimal():
            raise InvalidInput({"kept": gettext("Choose one from the list.")})
        return {"kept": records.get(Customer, int(key), actor=actor).id}

    def said(self, values: dict[str, Any]) -> str:
        return f"→ #{values['kept']}"

    def look(self, row: Customer, values: dict[str, Any], *, actor: Any) -> Look:
        if row.id == values["kept"]:
            return Look(same=True)
        kept = db.session.get(Customer, values["kept"])
        if kept is None:
            return Look(refused=gettext("The card that stays is no longer there."))
        services.may_merge(kept, row)
        return Look(before={"name": row.name}, after={"name": kept.name})

    def apply(self, row: Customer, values: dict[str, Any], *, actor: Any) -> None:
        services.merge(records.get(Customer, values["kept"], actor=actor), row, actor=actor)

    def undo_chunk(self, piece: Piece) -> dict[str, int]:
        """The cards are gone, so that each is found by the paper of its merge."""
        return bring_back(piece, self._part_again)

    def _part_again(self, key: int, actor: Any) -> str:
        mine = policy.scope(select(CustomerMerge), actor, CustomerMerge)
        paper = db.session.scalar(
            mine.where(CustomerMerge.gone_id == key, CustomerMerge.undone_at.is_(None)).order_by(CustomerMerge.id.desc()).limit(1)
        )
        if paper is None:
            return gettext("This merge was taken back before.")
        services.unmerge(paper, actor=actor)
        return ""


@register
class MessageCustomers(RowByRow):
    """A mail to each who agreed to get such mails."""

    key, model, label, icon, order = "customers.message", Customer, _("Send a message"), "fa-envelope", 30
    permission, form, undo = "message", forms.MessageForm, False
    help = _("It goes by e-mail, to those only who have agreed to newsletters. What went out cannot be called back.")

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        if not mail.is_set_up():
            raise InvalidInput({"": gettext("There is no mail server yet: nobody would get it. The administrator sets one up.")})
        return {"subject": " ".join(form.subject.data.split()), "body": form.body.data.strip()}

    def said(self, values: dict[str, Any]) -> str:
        return str(values["subject"])

    def look(self, row: Customer, values: dict[str, Any], *, actor: Any) -> Look:
        return Look(refused=services.not_to_be_written_to(row), messages=1)

    def kept(self, row: Customer, values: dict[str, Any]) -> dict[str, Any]:
        return {}

    def apply_all(self, rows: Sequence[Customer], values: dict[str, Any], *, actor: Any) -> None:
        services.write_to(rows, values["subject"], values["body"], actor=actor)
