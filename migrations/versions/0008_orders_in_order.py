"""Orders by each column that their list is ordered by"""

from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('orders_order', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_orders_order_number_id'), ['number', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_orders_order_paid_at_id'), ['paid_at', 'id'], unique=False)
        batch_op.create_index(
            batch_op.f('ix_orders_order_shop_id_state_placed_at_id'), ['shop_id', 'state', 'placed_at', 'id'], unique=False
        )
        batch_op.create_index(batch_op.f('ix_orders_order_total_id'), ['total', 'id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('orders_order', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_orders_order_total_id'))
        batch_op.drop_index(batch_op.f('ix_orders_order_shop_id_state_placed_at_id'))
        batch_op.drop_index(batch_op.f('ix_orders_order_paid_at_id'))
        batch_op.drop_index(batch_op.f('ix_orders_order_number_id'))
