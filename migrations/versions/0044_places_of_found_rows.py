"""Places of found rows: documents of the search index know where their row stands in its list"""

from alembic import op

revision = '0044'
down_revision = '0043'
branch_labels = None
depends_on = None

TABLES = ('core_search_text', 'core_search_gram')


def upgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        return
    for name in TABLES:
        op.execute(f'ALTER TABLE {name} ADD COLUMN rank BIGINT')
    # the index is built again in passing; until then rows are found by it as before
    op.execute('UPDATE core_search_table SET built_to = 0, is_built = false, turn = turn + 1')


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        return
    for name in TABLES:
        op.execute(f'ALTER TABLE {name} DROP COLUMN rank')
