"""Messages to buyers"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('orders_message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('order_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('way', sa.String(length=40), nullable=False),
    sa.Column('recipient', sa.String(length=200), nullable=True),
    sa.Column('subject', sa.String(length=200), nullable=True),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.Column('sent_at', sa.DateTime(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_orders_message_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_orders_message_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['order_id'], ['orders_order.id'], name=op.f('fk_orders_message_order_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_orders_message')),
    sa.UniqueConstraint('key', name=op.f('uq_orders_message_key')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('orders_message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_orders_message_order_id'), ['order_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_orders_message_state_created_at'), ['state', 'created_at'], unique=False)


def downgrade() -> None:
    op.drop_table('orders_message')
