"""Room for rows that change: PostgreSQL writes the new version of a row beside the old one, and into no index"""

import sqlalchemy as sa
from alembic import op

revision = '0037'
down_revision = '0036'
branch_labels = None
depends_on = None

ROOM = {'bulk_run_item': 40, 'bulk_run': 50, 'catalog_sku': 50, 'catalog_product': 50}


def upgrade() -> None:
    op.drop_index('ix_bulk_run_item_left', table_name='bulk_run_item')
    said = sa.text("reason <> ''")
    op.create_index(
        'ix_bulk_run_item_left', 'bulk_run_item', ['run_id', 'seq'], unique=False, sqlite_where=said, postgresql_where=said
    )
    if op.get_bind().dialect.name == 'postgresql':
        for table, share in ROOM.items():
            op.execute(f'ALTER TABLE {table} SET (fillfactor = {share})')


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        for table in ROOM:
            op.execute(f'ALTER TABLE {table} RESET (fillfactor)')
    op.drop_index('ix_bulk_run_item_left', table_name='bulk_run_item')
    left = sa.text("outcome IN ('refused', 'skipped')")
    op.create_index(
        'ix_bulk_run_item_left', 'bulk_run_item', ['run_id', 'seq'], unique=False, sqlite_where=left, postgresql_where=left
    )
