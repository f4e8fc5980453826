"""Highest places of documents: the search index knows how high any row among those that are next to each other can stand"""

import sqlalchemy as sa
from alembic import op

revision = '0050'
down_revision = '0049'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'core_search_zone',
        sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('zone', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('highest', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('number', 'zone', name=op.f('pk_core_search_zone')),
        sqlite_with_rowid=False,
    )
    # the index is built again in passing, by the field that it does not know yet; until then rows are found by it as before
    with op.batch_alter_table('core_search_table') as batch:
        batch.add_column(sa.Column('rank', sa.String(80), server_default='', nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('core_search_table') as batch:
        batch.drop_column('rank')
    op.drop_table('core_search_zone')
