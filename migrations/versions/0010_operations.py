"""Operations over many rows: runs that know what they do, who approved them and when they begin"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

COLUMNS = (
    sa.Column('operation', sa.String(length=120), server_default='', nullable=False),
    sa.Column('resource', sa.String(length=80), server_default='', nullable=False),
    sa.Column('approved_by_id', sa.Integer(), nullable=True),
    sa.Column('begins_at', sa.DateTime(), nullable=True),
    sa.Column('skipped', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('taken_at', sa.DateTime(), nullable=True),
    sa.Column('taken_read', sa.BigInteger(), server_default='0', nullable=False),
)
FILLED = ('operation', 'resource', 'skipped', 'taken_read')


def upgrade() -> None:
    with op.batch_alter_table('bulk_run', schema=None) as batch_op:
        for column in COLUMNS:
            batch_op.add_column(column.copy())
        batch_op.create_foreign_key(
            batch_op.f('fk_bulk_run_approved_by_id'), 'ab_user', ['approved_by_id'], ['id'], ondelete='SET NULL'
        )
        batch_op.create_index(batch_op.f('ix_bulk_run_approved_by_id'), ['approved_by_id'], unique=False)
    with op.batch_alter_table('bulk_run', schema=None) as batch_op:
        for name in FILLED:
            batch_op.alter_column(name, server_default=None)


def downgrade() -> None:
    # items and images go with their run, but not where foreign keys are off while tables are copied
    op.execute("DELETE FROM bulk_before_image WHERE run_id IN (SELECT id FROM bulk_run WHERE operation <> '')")
    op.execute("DELETE FROM bulk_run_item WHERE run_id IN (SELECT id FROM bulk_run WHERE operation <> '')")
    op.execute("DELETE FROM bulk_run WHERE operation <> ''")
    with op.batch_alter_table('bulk_run', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_bulk_run_approved_by_id'))
        batch_op.drop_constraint(batch_op.f('fk_bulk_run_approved_by_id'), type_='foreignkey')
        for column in COLUMNS:
            batch_op.drop_column(column.name)
