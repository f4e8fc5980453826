"""Refunds that are taken back"""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('orders_refund', sa.Column('reversed_at', sa.DateTime(), nullable=True))
    op.add_column('orders_refund_line', sa.Column('cancelled_quantity', sa.BigInteger(), server_default='0', nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('orders_refund_line') as batch_op:
        batch_op.drop_column('cancelled_quantity')
    with op.batch_alter_table('orders_refund') as batch_op:
        batch_op.drop_column('reversed_at')
