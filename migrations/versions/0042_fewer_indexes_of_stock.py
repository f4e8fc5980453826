"""Fewer indexes of stock: those that are the beginning of another; the trigger of entries adds their postings up in one go"""

from alembic import op

revision = '0042'
down_revision = '0041'
branch_labels = None
depends_on = None

PREFIXES = ('inventory_stock_move', 'inventory_stock_reservation')
ROOM = {'inventory_stock_level': 50, 'orders_order_line': 60}
TRIGGER = 'CREATE TRIGGER finance_entry_balanced BEFORE INSERT ON finance_entry\nWHEN '
AT_ONCE = (
    'coalesce((SELECT sum(debit) <> sum(credit) OR min(currency) <> max(currency) OR max(shop_id <> NEW.shop_id\n'
    'OR occurred_at <> NEW.occurred_at) FROM finance_posting WHERE entry_id = NEW.id), 1)\nAND ('
)
EACH = (
    'NOT EXISTS (SELECT 1 FROM finance_posting WHERE entry_id = NEW.id)\n'
    'OR EXISTS (SELECT 1 FROM finance_posting WHERE entry_id = NEW.id GROUP BY currency HAVING sum(debit) <> sum(credit))\n'
    'OR EXISTS (SELECT 1 FROM finance_posting WHERE entry_id = NEW.id\n'
    'AND (shop_id <> NEW.shop_id OR occurred_at <> NEW.occurred_at))'
)
REFUSED = "\nBEGIN SELECT RAISE(ABORT, 'finance_entry: its postings do not balance'); END"


def upgrade() -> None:
    for table in PREFIXES:
        op.drop_index(f'ix_{table}_sku_id', table_name=table)
    if op.get_bind().dialect.name == 'postgresql':
        for table, share in ROOM.items():
            op.execute(f'ALTER TABLE {table} SET (fillfactor = {share})')
    else:
        op.execute('DROP TRIGGER IF EXISTS finance_entry_balanced')
        op.execute(f'{TRIGGER}{AT_ONCE}{EACH}){REFUSED}')


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        for table in ROOM:
            op.execute(f'ALTER TABLE {table} RESET (fillfactor)')
    else:
        op.execute('DROP TRIGGER IF EXISTS finance_entry_balanced')
        op.execute(f'{TRIGGER}{EACH}{REFUSED}')
    for table in PREFIXES:
        op.create_index(f'ix_{table}_sku_id', table, ['sku_id'], unique=False)
