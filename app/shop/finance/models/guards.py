"""What the database itself refuses, on both engines: entries that do not balance, and any change of what is posted.

An entry is inserted after its postings, and its insertion seals them: they must be there, add up to nothing in each
currency and be of its shop and time, and from then on no posting joins them. Postings that no entry seals fail at the commit, by
their foreign key. Nothing is updated. Nothing is deleted, but by the demo when it goes, through its door in the trail.
"""

from __future__ import annotations

from typing import Any

from flask_appbuilder import Model
from sqlalchemy import event

TABLES = ("finance_entry", "finance_posting")
# what a statement has inserted is looked up by index: of the rows of a chunk of a run PostgreSQL has no figures yet, and would
# read all postings that there are for each of its statements
BY_INDEX = ("enable_hashjoin", "enable_mergejoin", "enable_seqscan")
OPEN = "EXISTS (SELECT 1 FROM core_history_door WHERE opened_for = 'demo')"


def _sqlite() -> list[str]:
    told = [
        "CREATE TRIGGER IF NOT EXISTS finance_posting_sealed BEFORE INSERT ON finance_posting\n"
        "WHEN EXISTS (SELECT 1 FROM finance_entry WHERE id = NEW.entry_id)\n"
        "BEGIN SELECT RAISE(ABORT, 'finance_posting: its entry is posted'); END",
        "CREATE TRIGGER IF NOT EXISTS finance_entry_balanced BEFORE INSERT ON finance_entry\n"
        # those of one currency, which nearly all are, are added up in one go and without being sorted
        "WHEN coalesce((SELECT sum(debit) <> sum(credit) OR min(currency) <> max(currency) OR max(shop_id <> NEW.shop_id\n"
        "OR occurred_at <> NEW.occurred_at) FROM finance_posting WHERE entry_id = NEW.id), 1)\n"
        "AND (NOT EXISTS (SELECT 1 FROM finance_posting WHERE entry_id = NEW.id)\n"
        "OR EXISTS (SELECT 1 FROM finance_posting WHERE entry_id = NEW.id GROUP BY currency HAVING sum(debit) <> sum(credit))\n"
        "OR EXISTS (SELECT 1 FROM finance_posting WHERE entry_id = NEW.id\n"
        "AND (shop_id <> NEW.shop_id OR occurred_at <> NEW.occurred_at)))\n"
        "BEGIN SELECT RAISE(ABORT, 'finance_entry: its postings do not balance'); END",
    ]
    for table in TABLES:
        told += [
            f"CREATE TRIGGER IF NOT EXISTS {table}_no_update BEFORE UPDATE ON {table}\n"
            f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END",
            f"CREATE TRIGGER IF NOT EXISTS {table}_no_delete BEFORE DELETE ON {table} WHEN NOT {OPEN}\n"
            f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END",
        ]
    return told


def _postgresql() -> list[str]:
    told = [
        "CREATE OR REPLACE FUNCTION finance_posting_sealed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        "IF EXISTS (SELECT 1 FROM fresh JOIN finance_entry e ON e.id = fresh.entry_id) THEN\n"
        "RAISE EXCEPTION 'finance_posting: its entry is posted' USING ERRCODE = 'integrity_constraint_violation';\n"
        "END IF; RETURN NULL; END $$",
        "CREATE OR REPLACE TRIGGER finance_posting_sealed AFTER INSERT ON finance_posting\n"
        "REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION finance_posting_sealed()",
        "CREATE OR REPLACE FUNCTION finance_entry_balanced() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        "IF EXISTS (SELECT 1 FROM fresh e LEFT JOIN finance_posting p ON p.entry_id = e.id GROUP BY e.id, p.currency\n"
        "HAVING count(p.id) = 0 OR sum(p.debit) <> sum(p.credit)\n"
        "OR bool_or(p.shop_id <> e.shop_id OR p.occurred_at <> e.occurred_at)) THEN\n"
        "RAISE EXCEPTION 'finance_entry: its postings do not balance' USING ERRCODE = 'integrity_constraint_violation';\n"
        "END IF; RETURN NULL; END $$",
        "CREATE OR REPLACE TRIGGER finance_entry_balanced AFTER INSERT ON finance_entry\n"
        "REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION finance_entry_balanced()",
        "CREATE OR REPLACE FUNCTION finance_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        f"IF TG_OP = 'DELETE' AND {OPEN} THEN RETURN OLD; END IF;\n"
        "RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' only grows', ERRCODE = 'integrity_constraint_violation'; END $$",
    ]
    told += [
        f"ALTER FUNCTION {name}() SET {setting} = off"
        for name in ("finance_posting_sealed", "finance_entry_balanced") for setting in BY_INDEX
    ]  # fmt: skip
    for table in TABLES:
        told += [
            f"CREATE OR REPLACE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION finance_kept()",
            f"CREATE OR REPLACE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION finance_kept()",
            f"CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION finance_kept()",
        ]
    return told


def guards(dialect: str) -> list[str]:
    """The statements that make the triggers; safe to repeat. A migration holds a copy of them."""
    return _sqlite() if dialect == "sqlite" else _postgresql()


@event.listens_for(Model.metadata, "after_create")
def _guard(_metadata: Any, connection: Any, tables: Any = (), **_options: Any) -> None:
    """Tables that are made without a migration are guarded, too."""
    if any(table.name == TABLES[1] for table in tables):
        for statement in guards(connection.dialect.name):
            connection.exec_driver_sql(statement)
