"""The verbs of customers, and the only writers of their tables."""

from app.shop.customers.services.addresses import add_address, address_problems, save_address
from app.shop.customers.services.consents import record_consent
from app.shop.customers.services.erasing import Erased, erase_person, known_as, traces
from app.shop.customers.services.exporting import export_person, export_zip
from app.shop.customers.services.identities import find, slot
from app.shop.customers.services.merging import may_merge, merge, merge_preview, unmerge
from app.shop.customers.services.messages import not_to_be_written_to, write_to
from app.shop.customers.services.people import (
    block,
    new_customer,
    remember,
    set_tags,
    unblock,
    write_note,
)
from app.shop.customers.services.stopping import meant_by, stop_mails, stop_url

__all__ = [
    "Erased",
    "add_address",
    "address_problems",
    "block",
    "erase_person",
    "export_person",
    "export_zip",
    "find",
    "known_as",
    "may_merge",
    "meant_by",
    "merge",
    "merge_preview",
    "new_customer",
    "not_to_be_written_to",
    "record_consent",
    "remember",
    "save_address",
    "set_tags",
    "slot",
    "stop_mails",
    "stop_url",
    "traces",
    "unblock",
    "unmerge",
    "write_note",
    "write_to",
]
