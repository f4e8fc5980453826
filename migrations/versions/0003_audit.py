"""Trail: where a change came from, seals, and triggers that keep lines as they are"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

PLAIN = ("id", "at", "actor_id", "verb", "table", "key", "run_id", "request_id")
SEALED = ("id", "kind", "first_id", "last_id", "rows", "digest", "previous", "seal", "sealed_at", "newest_at")
TABLES = (
    ("core_history", "'erasure'", "'retention', 'demo'", PLAIN),
    ("core_history_block", "'retention'", "'demo'", SEALED),
)
OPEN = "EXISTS (SELECT 1 FROM core_history_door WHERE opened_for IN ({}))"


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    salt = "(randomblob(16))" if dialect == "sqlite" else "uuid_send(gen_random_uuid())"
    with op.batch_alter_table(
        'core_history', schema=None, recreate='always' if dialect == "sqlite" else 'never',
        table_kwargs={"sqlite_autoincrement": True},
    ) as batch_op:
        batch_op.add_column(sa.Column('ip', sa.String(length=45), server_default='', nullable=False))
        batch_op.add_column(sa.Column('salt', sa.LargeBinary(), server_default=sa.text(salt), nullable=True))
        batch_op.add_column(sa.Column('was', sa.String(length=64), nullable=True))

    op.create_table('core_history_block',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('first_id', sa.Integer(), nullable=False),
    sa.Column('last_id', sa.Integer(), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('previous', sa.String(length=64), nullable=False),
    sa.Column('seal', sa.String(length=64), nullable=False),
    sa.Column('sealed_at', sa.DateTime(), nullable=False),
    sa.Column('newest_at', sa.DateTime(), nullable=False),
    sa.Column('removed_at', sa.DateTime(), nullable=True),
    sa.Column('hints', sa.LargeBinary(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_core_history_block')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('core_history_block', schema=None) as batch_op:
        batch_op.create_index('ix_core_history_block_sealed_at', ['sealed_at'], unique=False)

    op.create_table('core_history_check',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('ok', sa.Boolean(), nullable=False),
    sa.Column('lines', sa.Integer(), nullable=False),
    sa.Column('blocks', sa.Integer(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=True),
    sa.Column('head_block', sa.Integer(), nullable=True),
    sa.Column('head', sa.String(length=64), nullable=False),
    sa.Column('until_at', sa.DateTime(), nullable=True),
    sa.Column('fault', sa.String(length=20), nullable=False),
    sa.Column('block_id', sa.Integer(), nullable=True),
    sa.Column('line_id', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_core_history_check')),
    sqlite_autoincrement=True
    )
    op.create_table('core_history_door',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('opened_for', sa.String(length=20), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_core_history_door')),
    sqlite_autoincrement=True
    )
    for table, may_update, may_delete, fixed in TABLES:
        for statement in (_sqlite if dialect == "sqlite" else _postgresql)(table, may_update, may_delete, fixed):
            op.execute(statement)


def _sqlite(table: str, may_update: str, may_delete: str, fixed: tuple[str, ...]) -> list[str]:
    moved = " OR ".join(f'NEW."{name}" IS NOT OLD."{name}"' for name in fixed)
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}\n"
        f"WHEN NOT {OPEN.format(may_update)} OR {moved}\n"
        f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}\n"
        f"WHEN NOT {OPEN.format(may_delete)}\n"
        f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END",
    ]


def _postgresql(table: str, may_update: str, may_delete: str, fixed: tuple[str, ...]) -> list[str]:
    moved = " OR ".join(f'NEW."{name}" IS DISTINCT FROM OLD."{name}"' for name in fixed)
    return [
        f"CREATE FUNCTION {table}_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        f"IF TG_OP = 'UPDATE' AND {OPEN.format(may_update)} AND NOT ({moved}) THEN RETURN NEW; END IF;\n"
        f"IF TG_OP = 'DELETE' AND {OPEN.format(may_delete)} THEN RETURN OLD; END IF;\n"
        f"RAISE EXCEPTION '{table} only grows' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_kept()",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_kept()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {table}_kept()",
    ]


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for table, *_rest in TABLES:
        for name in ("no_update", "no_delete") + (("no_truncate",) if dialect == "postgresql" else ()):
            op.execute(f"DROP TRIGGER {table}_{name}" + (f" ON {table}" if dialect == "postgresql" else ""))
        if dialect == "postgresql":
            op.execute(f"DROP FUNCTION {table}_kept()")
    op.drop_table('core_history_door')
    op.drop_table('core_history_check')
    with op.batch_alter_table('core_history_block', schema=None) as batch_op:
        batch_op.drop_index('ix_core_history_block_sealed_at')

    op.drop_table('core_history_block')
    with op.batch_alter_table('core_history', schema=None, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_column('was')
        batch_op.drop_column('salt')
        batch_op.drop_column('ip')
