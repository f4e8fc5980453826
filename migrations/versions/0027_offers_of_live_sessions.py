"""Offers of live sessions"""

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('live_preset',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('shop_id', sa.Integer(), nullable=True),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('price', sa.BigInteger(), nullable=True),
    sa.Column('percent', sa.BigInteger(), nullable=True),
    sa.Column('amount', sa.BigInteger(), nullable=True),
    sa.Column('least', sa.BigInteger(), nullable=True),
    sa.Column('quantity', sa.BigInteger(), nullable=True),
    sa.Column('per_person', sa.BigInteger(), nullable=True),
    sa.Column('minutes', sa.BigInteger(), nullable=True),
    sa.Column('of_item', sa.Boolean(), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('percent IS NULL OR (percent > 0 AND percent < 100)', name=op.f('ck_live_preset_percent')),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_preset_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_preset_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['shop_id'], ['setup_shop.id'], name=op.f('fk_live_preset_shop_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_preset')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_preset', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_preset_shop_id_position'), ['shop_id', 'position'], unique=False)

    op.create_table('live_offer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=True),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('promotion_id', sa.Integer(), nullable=True),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('price', sa.BigInteger(), nullable=True),
    sa.Column('was', sa.BigInteger(), nullable=True),
    sa.Column('amount', sa.BigInteger(), nullable=True),
    sa.Column('percent', sa.BigInteger(), nullable=True),
    sa.Column('least', sa.BigInteger(), nullable=True),
    sa.Column('quantity', sa.BigInteger(), nullable=True),
    sa.Column('per_person', sa.BigInteger(), nullable=True),
    sa.Column('begins_at', sa.DateTime(), nullable=False),
    sa.Column('ends_at', sa.DateTime(), nullable=True),
    sa.Column('stopped_at', sa.DateTime(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['batch_id'], ['marketing_batch.id'], name=op.f('fk_live_offer_batch_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_offer_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_offer_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['item_id'], ['live_item.id'], name=op.f('fk_live_offer_item_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['promotion_id'], ['marketing_promotion.id'], name=op.f('fk_live_offer_promotion_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_offer_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_offer')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_offer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_offer_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_offer_item_id'), ['item_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_offer_promotion_id'), ['promotion_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_offer_session_id_kind_state'), ['session_id', 'kind', 'state'], unique=False)

    with op.batch_alter_table('live_event', schema=None) as batch_op:
        batch_op.add_column(sa.Column('coupon', sa.String(length=40), nullable=True))



def downgrade() -> None:
    with op.batch_alter_table('live_event', schema=None, recreate='never') as batch_op:
        batch_op.drop_column('coupon')

    with op.batch_alter_table('live_offer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_live_offer_session_id_kind_state'))
        batch_op.drop_index(batch_op.f('ix_live_offer_promotion_id'))
        batch_op.drop_index(batch_op.f('ix_live_offer_item_id'))
        batch_op.drop_index(batch_op.f('ix_live_offer_batch_id'))

    op.drop_table('live_offer')
    with op.batch_alter_table('live_preset', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_live_preset_shop_id_position'))

    op.drop_table('live_preset')
