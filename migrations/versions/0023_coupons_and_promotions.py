"""Coupons and promotions"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('marketing_batch',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('occasion', sa.String(length=40), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('benefit', sa.String(length=40), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=True),
    sa.Column('percent', sa.BigInteger(), nullable=True),
    sa.Column('cap', sa.BigInteger(), nullable=True),
    sa.Column('least', sa.BigInteger(), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('shop_id', sa.Integer(), nullable=True),
    sa.Column('channel_id', sa.Integer(), nullable=True),
    sa.Column('session_key', sa.String(length=80), nullable=True),
    sa.Column('valid_from_at', sa.DateTime(), nullable=True),
    sa.Column('valid_until_at', sa.DateTime(), nullable=True),
    sa.Column('valid_days', sa.BigInteger(), nullable=True),
    sa.Column('total', sa.BigInteger(), nullable=True),
    sa.Column('per_person', sa.BigInteger(), nullable=False),
    sa.Column('sleeping_days', sa.BigInteger(), nullable=False),
    sa.Column('stacks', sa.Boolean(), nullable=False),
    sa.Column('on_refund', sa.String(length=40), nullable=False),
    sa.Column('made', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('amount IS NULL OR amount > 0', name=op.f('ck_marketing_batch_amount_positive')),
    sa.CheckConstraint('made >= 0 AND (total IS NULL OR made <= total)', name=op.f('ck_marketing_batch_made_within_total')),
    sa.CheckConstraint('percent IS NULL OR (percent > 0 AND percent < 100)', name=op.f('ck_marketing_batch_percent')),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_marketing_batch_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['channel_id'], ['setup_channel.id'], name=op.f('fk_marketing_batch_channel_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_marketing_batch_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['shop_id'], ['setup_shop.id'], name=op.f('fk_marketing_batch_shop_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_marketing_batch')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('marketing_batch', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_marketing_batch_channel_id'), ['channel_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_batch_session_key'), ['session_key'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_batch_shop_id'), ['shop_id'], unique=False)

    op.create_table('marketing_promotion',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('begins_at', sa.DateTime(), nullable=True),
    sa.Column('ends_at', sa.DateTime(), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('price', sa.BigInteger(), nullable=True),
    sa.Column('off', sa.BigInteger(), nullable=True),
    sa.Column('percent', sa.BigInteger(), nullable=True),
    sa.Column('audience', sa.String(length=40), nullable=False),
    sa.Column('shop_id', sa.Integer(), nullable=True),
    sa.Column('channel_id', sa.Integer(), nullable=True),
    sa.Column('session_key', sa.String(length=80), nullable=True),
    sa.Column('limit_pieces', sa.BigInteger(), nullable=True),
    sa.Column('limit_orders', sa.BigInteger(), nullable=True),
    sa.Column('per_person', sa.BigInteger(), nullable=True),
    sa.Column('priority', sa.BigInteger(), nullable=False),
    sa.Column('stacking', sa.String(length=40), nullable=False),
    sa.Column('part_refund', sa.String(length=40), nullable=False),
    sa.Column('taken_pieces', sa.BigInteger(), nullable=False),
    sa.Column('taken_orders', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('percent IS NULL OR (percent > 0 AND percent < 100)', name=op.f('ck_marketing_promotion_percent')),
    sa.CheckConstraint('taken_orders >= 0 AND (limit_orders IS NULL OR taken_orders <= limit_orders)', name=op.f('ck_marketing_promotion_orders_in_limit')),
    sa.CheckConstraint('taken_pieces >= 0 AND (limit_pieces IS NULL OR taken_pieces <= limit_pieces)', name=op.f('ck_marketing_promotion_pieces_in_limit')),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_marketing_promotion_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['channel_id'], ['setup_channel.id'], name=op.f('fk_marketing_promotion_channel_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_marketing_promotion_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['shop_id'], ['setup_shop.id'], name=op.f('fk_marketing_promotion_shop_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_marketing_promotion')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('marketing_promotion', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_marketing_promotion_channel_id'), ['channel_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_promotion_is_active_ends_at'), ['is_active', 'ends_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_promotion_session_key'), ['session_key'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_promotion_shop_id'), ['shop_id'], unique=False)

    op.create_table('marketing_batch_category',
    sa.Column('batch_id', sa.Integer(), nullable=False),
    sa.Column('category_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['marketing_batch.id'], name=op.f('fk_marketing_batch_category_batch_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['category_id'], ['catalog_category.id'], name=op.f('fk_marketing_batch_category_category_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('batch_id', 'category_id', name=op.f('pk_marketing_batch_category'))
    )
    with op.batch_alter_table('marketing_batch_category', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_marketing_batch_category_category_id'), ['category_id'], unique=False)

    op.create_table('marketing_batch_product',
    sa.Column('batch_id', sa.Integer(), nullable=False),
    sa.Column('product_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['marketing_batch.id'], name=op.f('fk_marketing_batch_product_batch_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['product_id'], ['catalog_product.id'], name=op.f('fk_marketing_batch_product_product_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('batch_id', 'product_id', name=op.f('pk_marketing_batch_product'))
    )
    with op.batch_alter_table('marketing_batch_product', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_marketing_batch_product_product_id'), ['product_id'], unique=False)

    op.create_table('marketing_batch_sku',
    sa.Column('batch_id', sa.Integer(), nullable=False),
    sa.Column('sku_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['marketing_batch.id'], name=op.f('fk_marketing_batch_sku_batch_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['sku_id'], ['catalog_sku.id'], name=op.f('fk_marketing_batch_sku_sku_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('batch_id', 'sku_id', name=op.f('pk_marketing_batch_sku'))
    )
    with op.batch_alter_table('marketing_batch_sku', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_marketing_batch_sku_sku_id'), ['sku_id'], unique=False)

    op.create_table('marketing_promotion_category',
    sa.Column('promotion_id', sa.Integer(), nullable=False),
    sa.Column('category_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['category_id'], ['catalog_category.id'], name=op.f('fk_marketing_promotion_category_category_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['promotion_id'], ['marketing_promotion.id'], name=op.f('fk_marketing_promotion_category_promotion_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('promotion_id', 'category_id', name=op.f('pk_marketing_promotion_category'))
    )
    with op.batch_alter_table('marketing_promotion_category', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_marketing_promotion_category_category_id'), ['category_id'], unique=False)

    op.create_table('marketing_promotion_product',
    sa.Column('promotion_id', sa.Integer(), nullable=False),
    sa.Column('product_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['product_id'], ['catalog_product.id'], name=op.f('fk_marketing_promotion_product_product_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['promotion_id'], ['marketing_promotion.id'], name=op.f('fk_marketing_promotion_product_promotion_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('promotion_id', 'product_id', name=op.f('pk_marketing_promotion_product'))
    )
    with op.batch_alter_table('marketing_promotion_product', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_marketing_promotion_product_product_id'), ['product_id'], unique=False)

    op.create_table('marketing_promotion_sku',
    sa.Column('promotion_id', sa.Integer(), nullable=False),
    sa.Column('sku_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['promotion_id'], ['marketing_promotion.id'], name=op.f('fk_marketing_promotion_sku_promotion_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['sku_id'], ['catalog_sku.id'], name=op.f('fk_marketing_promotion_sku_sku_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('promotion_id', 'sku_id', name=op.f('pk_marketing_promotion_sku'))
    )
    with op.batch_alter_table('marketing_promotion_sku', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_marketing_promotion_sku_sku_id'), ['sku_id'], unique=False)

    op.create_table('marketing_promotion_tier',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('promotion_id', sa.Integer(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('least', sa.BigInteger(), nullable=False),
    sa.Column('off', sa.BigInteger(), nullable=True),
    sa.Column('gift_id', sa.Integer(), nullable=True),
    sa.Column('gift_quantity', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_marketing_promotion_tier_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_marketing_promotion_tier_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['gift_id'], ['catalog_sku.id'], name=op.f('fk_marketing_promotion_tier_gift_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['promotion_id'], ['marketing_promotion.id'], name=op.f('fk_marketing_promotion_tier_promotion_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_marketing_promotion_tier')),
    sa.UniqueConstraint('promotion_id', 'least', name=op.f('uq_marketing_promotion_tier_promotion_id_least')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('marketing_promotion_tier', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_marketing_promotion_tier_gift_id'), ['gift_id'], unique=False)

    op.create_table('marketing_coupon',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=24), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=True),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('order_id', sa.Integer(), nullable=True),
    sa.Column('issued_at', sa.DateTime(), nullable=False),
    sa.Column('expires_at', sa.DateTime(), nullable=True),
    sa.Column('redeemed_at', sa.DateTime(), nullable=True),
    sa.Column('voided_at', sa.DateTime(), nullable=True),
    sa.Column('why', sa.String(length=300), nullable=True),
    sa.Column('cause', sa.String(length=80), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['batch_id'], ['marketing_batch.id'], name=op.f('fk_marketing_coupon_batch_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_marketing_coupon_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_marketing_coupon_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['customer_id'], ['customers_customer.id'], name=op.f('fk_marketing_coupon_customer_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['order_id'], ['orders_order.id'], name=op.f('fk_marketing_coupon_order_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_marketing_coupon')),
    sa.UniqueConstraint('cause', name=op.f('uq_marketing_coupon_cause')),
    sa.UniqueConstraint('code', name=op.f('uq_marketing_coupon_code')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('marketing_coupon', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_marketing_coupon_batch_id_state_customer_id'), ['batch_id', 'state', 'customer_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_coupon_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_coupon_issued_at_id'), ['issued_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_coupon_order_id'), ['order_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_coupon_state_expires_at'), ['state', 'expires_at'], unique=False)

    op.create_table('marketing_price_use',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('order_id', sa.Integer(), nullable=False),
    sa.Column('promotion_id', sa.Integer(), nullable=True),
    sa.Column('coupon_id', sa.Integer(), nullable=True),
    sa.Column('customer_id', sa.Integer(), nullable=True),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('pieces', sa.BigInteger(), nullable=False),
    sa.Column('used_at', sa.DateTime(), nullable=False),
    sa.Column('is_counted', sa.Boolean(), nullable=False),
    sa.Column('terms', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_marketing_price_use_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['coupon_id'], ['marketing_coupon.id'], name=op.f('fk_marketing_price_use_coupon_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_marketing_price_use_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['customer_id'], ['customers_customer.id'], name=op.f('fk_marketing_price_use_customer_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['order_id'], ['orders_order.id'], name=op.f('fk_marketing_price_use_order_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['promotion_id'], ['marketing_promotion.id'], name=op.f('fk_marketing_price_use_promotion_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_marketing_price_use')),
    sa.UniqueConstraint('order_id', 'promotion_id', name=op.f('uq_marketing_price_use_order_id_promotion_id')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('marketing_price_use', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_marketing_price_use_coupon_id'), ['coupon_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_price_use_customer_id_promotion_id_state'), ['customer_id', 'promotion_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_price_use_order_id'), ['order_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_price_use_promotion_id_state_used_at'), ['promotion_id', 'state', 'used_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_marketing_price_use_used_at_id'), ['used_at', 'id'], unique=False)

    with op.batch_alter_table('orders_order', schema=None) as batch_op:
        batch_op.add_column(sa.Column('codes', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('session_key', sa.String(length=80), nullable=True))
        batch_op.create_index(batch_op.f('ix_orders_order_session_key'), ['session_key'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('orders_order', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_orders_order_session_key'))
        batch_op.drop_column('session_key')
        batch_op.drop_column('codes')

    with op.batch_alter_table('marketing_price_use', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_marketing_price_use_used_at_id'))
        batch_op.drop_index(batch_op.f('ix_marketing_price_use_promotion_id_state_used_at'))
        batch_op.drop_index(batch_op.f('ix_marketing_price_use_order_id'))
        batch_op.drop_index(batch_op.f('ix_marketing_price_use_customer_id_promotion_id_state'))
        batch_op.drop_index(batch_op.f('ix_marketing_price_use_coupon_id'))

    op.drop_table('marketing_price_use')
    with op.batch_alter_table('marketing_coupon', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_marketing_coupon_state_expires_at'))
        batch_op.drop_index(batch_op.f('ix_marketing_coupon_order_id'))
        batch_op.drop_index(batch_op.f('ix_marketing_coupon_issued_at_id'))
        batch_op.drop_index(batch_op.f('ix_marketing_coupon_customer_id'))
        batch_op.drop_index(batch_op.f('ix_marketing_coupon_batch_id_state_customer_id'))

    op.drop_table('marketing_coupon')
    with op.batch_alter_table('marketing_promotion_tier', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_marketing_promotion_tier_gift_id'))

    op.drop_table('marketing_promotion_tier')
    with op.batch_alter_table('marketing_promotion_sku', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_marketing_promotion_sku_sku_id'))

    op.drop_table('marketing_promotion_sku')
    with op.batch_alter_table('marketing_promotion_product', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_marketing_promotion_product_product_id'))

    op.drop_table('marketing_promotion_product')
    with op.batch_alter_table('marketing_promotion_category', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_marketing_promotion_category_category_id'))

    op.drop_table('marketing_promotion_category')
    with op.batch_alter_table('marketing_batch_sku', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_marketing_batch_sku_sku_id'))

    op.drop_table('marketing_batch_sku')
    with op.batch_alter_table('marketing_batch_product', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_marketing_batch_product_product_id'))

    op.drop_table('marketing_batch_product')
    with op.batch_alter_table('marketing_batch_category', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_marketing_batch_category_category_id'))

    op.drop_table('marketing_batch_category')
    with op.batch_alter_table('marketing_promotion', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_marketing_promotion_shop_id'))
        batch_op.drop_index(batch_op.f('ix_marketing_promotion_session_key'))
        batch_op.drop_index(batch_op.f('ix_marketing_promotion_is_active_ends_at'))
        batch_op.drop_index(batch_op.f('ix_marketing_promotion_channel_id'))

    op.drop_table('marketing_promotion')
    with op.batch_alter_table('marketing_batch', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_marketing_batch_shop_id'))
        batch_op.drop_index(batch_op.f('ix_marketing_batch_session_key'))
        batch_op.drop_index(batch_op.f('ix_marketing_batch_channel_id'))

    op.drop_table('marketing_batch')
