"""Hours to ship and compensation"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('logistics_compensation_rule',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('shop_id', sa.Integer(), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('least', sa.BigInteger(), nullable=True),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('is_automatic', sa.Boolean(), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('amount > 0', name=op.f('ck_logistics_compensation_rule_amount_positive')),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'],
        name=op.f('fk_logistics_compensation_rule_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'],
        name=op.f('fk_logistics_compensation_rule_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['shop_id'], ['setup_shop.id'],
        name=op.f('fk_logistics_compensation_rule_shop_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_logistics_compensation_rule')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('logistics_compensation_rule', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_logistics_compensation_rule_shop_id'), ['shop_id'], unique=False)

    op.create_table('orders_ship_clock',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('shop_id', sa.Integer(), nullable=False),
    sa.Column('ship_hours', sa.BigInteger(), nullable=False),
    sa.Column('trace_hours', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'],
        name=op.f('fk_orders_ship_clock_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'],
        name=op.f('fk_orders_ship_clock_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['shop_id'], ['setup_shop.id'], name=op.f('fk_orders_ship_clock_shop_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_orders_ship_clock')),
    sa.UniqueConstraint('shop_id', name=op.f('uq_orders_ship_clock_shop_id')),
    sqlite_autoincrement=True
    )
    op.create_table('logistics_compensation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('order_id', sa.Integer(), nullable=False),
    sa.Column('cause', sa.String(length=40), nullable=False),
    sa.Column('rule_id', sa.Integer(), nullable=True),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('made_at', sa.DateTime(), nullable=False),
    sa.Column('decided_at', sa.DateTime(), nullable=True),
    sa.Column('why', sa.String(length=300), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'],
        name=op.f('fk_logistics_compensation_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'],
        name=op.f('fk_logistics_compensation_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['order_id'], ['orders_order.id'], name=op.f('fk_logistics_compensation_order_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['rule_id'], ['logistics_compensation_rule.id'],
        name=op.f('fk_logistics_compensation_rule_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_logistics_compensation')),
    sa.UniqueConstraint('order_id', 'cause', name=op.f('uq_logistics_compensation_order_id_cause')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('logistics_compensation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_logistics_compensation_rule_id'), ['rule_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_logistics_compensation_state_made_at'), ['state', 'made_at'], unique=False)

    with op.batch_alter_table('orders_order', schema=None) as batch_op:
        batch_op.add_column(sa.Column('ship_by_at', sa.DateTime(), nullable=True))
        batch_op.create_index(batch_op.f('ix_orders_order_ship_by_at_id'), ['ship_by_at', 'id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('orders_order', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_orders_order_ship_by_at_id'))
        batch_op.drop_column('ship_by_at')

    with op.batch_alter_table('logistics_compensation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_logistics_compensation_state_made_at'))
        batch_op.drop_index(batch_op.f('ix_logistics_compensation_rule_id'))

    op.drop_table('logistics_compensation')
    op.drop_table('orders_ship_clock')
    with op.batch_alter_table('logistics_compensation_rule', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_logistics_compensation_rule_shop_id'))

    op.drop_table('logistics_compensation_rule')
