"""Pairs of characters by part: the search index of PostgreSQL tells of them together with the part of the documents"""

from alembic import op

revision = '0052'
down_revision = '0051'
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        # by a field that is not known the index is built again in passing; until then rows are found by it as before
        op.execute("UPDATE core_search_table SET rank = ''")


def downgrade() -> None:
    pass
