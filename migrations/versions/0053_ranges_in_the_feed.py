"""Ranges in the feed: of rows that follow each other the first and the last are told"""

import sqlalchemy as sa
from alembic import op

revision = '0053'
down_revision = '0052'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('core_change', sa.Column('last_key', sa.Integer(), nullable=True))


def downgrade() -> None:
    told = sa.table('core_change', *(sa.column(name, sa.Integer) for name in ('id', 'key', 'last_key')), sa.column('keys', sa.JSON))
    connection = op.get_bind()
    for row in connection.execute(sa.select(told).where(told.c.last_key.is_not(None))).all():
        each = list(range(row.key, row.last_key + 1))
        connection.execute(sa.update(told).where(told.c.id == row.id).values(keys=each))
    op.drop_column('core_change', 'last_key')
