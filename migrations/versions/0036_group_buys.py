"""Group buys: how many places and hours a group has, the groups, and the orders in them"""

import sqlalchemy as sa
from alembic import op

revision = '0036'
down_revision = '0035'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('marketing_promotion', sa.Column('group_size', sa.BigInteger(), nullable=True))
    op.add_column('marketing_promotion', sa.Column('group_hours', sa.BigInteger(), nullable=True))
    op.create_table('marketing_group_buy',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=24), nullable=False),
    sa.Column('promotion_id', sa.Integer(), nullable=False),
    sa.Column('shop_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('taken', sa.BigInteger(), nullable=False),
    sa.Column('paid', sa.BigInteger(), nullable=False),
    sa.Column('began_at', sa.DateTime(), nullable=False),
    sa.Column('ends_at', sa.DateTime(), nullable=False),
    sa.Column('ended_at', sa.DateTime(), nullable=True),
    sa.Column('why', sa.String(length=300), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('paid >= 0 AND paid <= taken', name=op.f('ck_marketing_group_buy_paid_within_taken')),
    sa.CheckConstraint('taken >= 0 AND taken <= size', name=op.f('ck_marketing_group_buy_taken_within_size')),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_marketing_group_buy_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_marketing_group_buy_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['promotion_id'], ['marketing_promotion.id'], name=op.f('fk_marketing_group_buy_promotion_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['shop_id'], ['setup_shop.id'], name=op.f('fk_marketing_group_buy_shop_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_marketing_group_buy')),
    sa.UniqueConstraint('code', name=op.f('uq_marketing_group_buy_code')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('marketing_group_buy', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_marketing_group_buy_began_at_id'), ['began_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_group_buy_promotion_id_state'), ['promotion_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_group_buy_shop_id'), ['shop_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_group_buy_state_ends_at'), ['state', 'ends_at'], unique=False)

    op.create_table('marketing_group_member',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('group_id', sa.Integer(), nullable=False),
    sa.Column('order_id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=True),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('joined_at', sa.DateTime(), nullable=False),
    sa.Column('paid_at', sa.DateTime(), nullable=True),
    sa.Column('left_at', sa.DateTime(), nullable=True),
    sa.Column('is_holding', sa.Boolean(), nullable=False),
    sa.Column('trouble', sa.String(length=300), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_marketing_group_member_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_marketing_group_member_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['customer_id'], ['customers_customer.id'], name=op.f('fk_marketing_group_member_customer_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['group_id'], ['marketing_group_buy.id'], name=op.f('fk_marketing_group_member_group_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['order_id'], ['orders_order.id'], name=op.f('fk_marketing_group_member_order_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_marketing_group_member')),
    sa.UniqueConstraint('order_id', name=op.f('uq_marketing_group_member_order_id')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('marketing_group_member', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_marketing_group_member_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_group_member_group_id_state'), ['group_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_group_member_joined_at_id'), ['joined_at', 'id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('marketing_group_member', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_marketing_group_member_joined_at_id'))
        batch_op.drop_index(batch_op.f('ix_marketing_group_member_group_id_state'))
        batch_op.drop_index(batch_op.f('ix_marketing_group_member_customer_id'))

    op.drop_table('marketing_group_member')
    with op.batch_alter_table('marketing_group_buy', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_marketing_group_buy_state_ends_at'))
        batch_op.drop_index(batch_op.f('ix_marketing_group_buy_shop_id'))
        batch_op.drop_index(batch_op.f('ix_marketing_group_buy_promotion_id_state'))
        batch_op.drop_index(batch_op.f('ix_marketing_group_buy_began_at_id'))

    op.drop_table('marketing_group_buy')
    # a form that nobody knows any more: off, and a plain price
    promotions = sa.table('marketing_promotion', sa.column('kind', sa.String), sa.column('is_active', sa.Boolean))
    op.execute(promotions.update().where(promotions.c.kind == 'group').values(kind='special', is_active=False))
    op.drop_column('marketing_promotion', 'group_hours')
    op.drop_column('marketing_promotion', 'group_size')
