"""The ledger"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

TABLES = ("finance_entry", "finance_posting")
OPEN = "EXISTS (SELECT 1 FROM core_history_door WHERE opened_for = 'demo')"


def upgrade() -> None:
    op.create_table('finance_account',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('role', sa.String(length=60), nullable=True),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('note', sa.String(length=300), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_finance_account_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_finance_account_created_by_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_finance_account')),
    sa.UniqueConstraint('code', name=op.f('uq_finance_account_code')),
    sa.UniqueConstraint('role', name=op.f('uq_finance_account_role')),
    sqlite_autoincrement=True
    )
    op.create_table('finance_entry',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('occurred_at', sa.DateTime(), nullable=False),
    sa.Column('shop_id', sa.Integer(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('order_id', sa.BigInteger(), nullable=True),
    sa.Column('order_number', sa.String(length=64), nullable=True),
    sa.Column('memo', sa.String(length=200), nullable=True),
    sa.Column('reverses_id', sa.BigInteger(), nullable=True),
    sa.Column('cause_resource', sa.String(length=80), nullable=True),
    sa.Column('cause_id', sa.BigInteger(), nullable=True),
    sa.Column('facts', sa.String(length=200), nullable=True),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('amount > 0', name=op.f('ck_finance_entry_amount_positive')),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_finance_entry_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_finance_entry_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['shop_id'], ['setup_shop.id'], name=op.f('fk_finance_entry_shop_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_finance_entry')),
    sa.UniqueConstraint('key', name=op.f('uq_finance_entry_key')),
    sa.UniqueConstraint('reverses_id', name=op.f('uq_finance_entry_reverses_id')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('finance_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_finance_entry_cause_resource_cause_id'), ['cause_resource', 'cause_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_finance_entry_occurred_at_id'), ['occurred_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_finance_entry_order_id_kind'), ['order_id', 'kind'], unique=False)
        batch_op.create_index(batch_op.f('ix_finance_entry_order_number'), ['order_number'], unique=False)
        batch_op.create_index(batch_op.f('ix_finance_entry_shop_id_occurred_at_id'), ['shop_id', 'occurred_at', 'id'], unique=False)

    op.create_table('finance_posting',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('entry_id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('debit', sa.BigInteger(), nullable=False),
    sa.Column('credit', sa.BigInteger(), nullable=False),
    sa.Column('occurred_at', sa.DateTime(), nullable=False),
    sa.Column('shop_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('debit >= 0 AND credit >= 0 AND debit * credit = 0 AND debit + credit > 0', name=op.f('ck_finance_posting_one_side')),
    sa.ForeignKeyConstraint(['account_id'], ['finance_account.id'], name=op.f('fk_finance_posting_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_finance_posting_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_finance_posting_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['entry_id'], ['finance_entry.id'], name=op.f('fk_finance_posting_entry_id'), ondelete='RESTRICT', initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['shop_id'], ['setup_shop.id'], name=op.f('fk_finance_posting_shop_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_finance_posting')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('finance_posting', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_finance_posting_account_id_occurred_at_id'), ['account_id', 'occurred_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_finance_posting_entry_id'), ['entry_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_finance_posting_occurred_at_id'), ['occurred_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_finance_posting_shop_id_occurred_at_id'), ['shop_id', 'occurred_at', 'id'], unique=False)

    dialect = op.get_bind().dialect.name
    for statement in _sqlite() if dialect == "sqlite" else _postgresql():
        op.execute(statement)


def _sqlite() -> list[str]:
    told = [
        "CREATE TRIGGER IF NOT EXISTS finance_posting_sealed BEFORE INSERT ON finance_posting\n"
        "WHEN EXISTS (SELECT 1 FROM finance_entry WHERE id = NEW.entry_id)\n"
        "BEGIN SELECT RAISE(ABORT, 'finance_posting: its entry is posted'); END",
        "CREATE TRIGGER IF NOT EXISTS finance_entry_balanced BEFORE INSERT ON finance_entry\n"
        "WHEN NOT EXISTS (SELECT 1 FROM finance_posting WHERE entry_id = NEW.id)\n"
        "OR EXISTS (SELECT 1 FROM finance_posting WHERE entry_id = NEW.id GROUP BY currency HAVING sum(debit) <> sum(credit))\n"
        "OR EXISTS (SELECT 1 FROM finance_posting WHERE entry_id = NEW.id\n"
        "AND (shop_id <> NEW.shop_id OR occurred_at <> NEW.occurred_at))\n"
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
    for table in TABLES:
        told += [
            f"CREATE OR REPLACE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION finance_kept()",
            f"CREATE OR REPLACE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION finance_kept()",
            f"CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION finance_kept()",
        ]
    return told


def downgrade() -> None:
    with op.batch_alter_table('finance_posting', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_finance_posting_shop_id_occurred_at_id'))
        batch_op.drop_index(batch_op.f('ix_finance_posting_occurred_at_id'))
        batch_op.drop_index(batch_op.f('ix_finance_posting_entry_id'))
        batch_op.drop_index(batch_op.f('ix_finance_posting_account_id_occurred_at_id'))

    op.drop_table('finance_posting')
    with op.batch_alter_table('finance_entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_finance_entry_shop_id_occurred_at_id'))
        batch_op.drop_index(batch_op.f('ix_finance_entry_order_number'))
        batch_op.drop_index(batch_op.f('ix_finance_entry_order_id_kind'))
        batch_op.drop_index(batch_op.f('ix_finance_entry_occurred_at_id'))
        batch_op.drop_index(batch_op.f('ix_finance_entry_cause_resource_cause_id'))

    op.drop_table('finance_entry')
    op.drop_table('finance_account')
    if op.get_bind().dialect.name == "postgresql":
        for name in ("finance_posting_sealed", "finance_entry_balanced", "finance_kept"):
            op.execute(f"DROP FUNCTION {name}()")
