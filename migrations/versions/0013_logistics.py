"""Logistics"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('logistics_courier',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('aliases', sa.String(length=300), nullable=True),
    sa.Column('formats', sa.String(length=300), nullable=True),
    sa.Column('phone', sa.String(length=32), nullable=True),
    sa.Column('link', sa.String(length=40), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'],
        name=op.f('fk_logistics_courier_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'],
        name=op.f('fk_logistics_courier_created_by_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_logistics_courier')),
    sa.UniqueConstraint('code', name=op.f('uq_logistics_courier_code')),
    sqlite_autoincrement=True
    )
    op.create_table('logistics_method',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('courier_id', sa.Integer(), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('fee', sa.BigInteger(), nullable=False),
    sa.Column('days_from', sa.BigInteger(), nullable=False),
    sa.Column('days_to', sa.BigInteger(), nullable=False),
    sa.Column('provinces', sa.Text(), nullable=True),
    sa.Column('pros', sa.String(length=300), nullable=True),
    sa.Column('cons', sa.String(length=300), nullable=True),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_logistics_method_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['courier_id'], ['logistics_courier.id'],
        name=op.f('fk_logistics_method_courier_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_logistics_method_created_by_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_logistics_method')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('logistics_method', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_logistics_method_courier_id'), ['courier_id'], unique=False)

    op.create_table('logistics_rule',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('provinces', sa.Text(), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('least', sa.BigInteger(), nullable=True),
    sa.Column('most', sa.BigInteger(), nullable=True),
    sa.Column('aim', sa.String(length=40), nullable=False),
    sa.Column('method_id', sa.Integer(), nullable=True),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_logistics_rule_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_logistics_rule_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['method_id'], ['logistics_method.id'], name=op.f('fk_logistics_rule_method_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_logistics_rule')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('logistics_rule', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_logistics_rule_method_id'), ['method_id'], unique=False)

    op.create_table('logistics_parcel',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('shipment_id', sa.Integer(), nullable=False),
    sa.Column('order_id', sa.Integer(), nullable=False),
    sa.Column('courier_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=80), nullable=False),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('said', sa.String(length=300), nullable=True),
    sa.Column('shipped_at', sa.DateTime(), nullable=False),
    sa.Column('first_at', sa.DateTime(), nullable=True),
    sa.Column('moved_at', sa.DateTime(), nullable=False),
    sa.Column('is_standing', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_logistics_parcel_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['courier_id'], ['logistics_courier.id'],
        name=op.f('fk_logistics_parcel_courier_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_logistics_parcel_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['order_id'], ['orders_order.id'], name=op.f('fk_logistics_parcel_order_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['shipment_id'], ['orders_shipment.id'],
        name=op.f('fk_logistics_parcel_shipment_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_logistics_parcel')),
    sa.UniqueConstraint('shipment_id', name=op.f('uq_logistics_parcel_shipment_id')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('logistics_parcel', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_logistics_parcel_courier_id_number'), ['courier_id', 'number'], unique=False)
        batch_op.create_index(batch_op.f('ix_logistics_parcel_is_standing_courier_id'), ['is_standing', 'courier_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_logistics_parcel_moved_at_id'), ['moved_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_logistics_parcel_number'), ['number'], unique=False)
        batch_op.create_index(batch_op.f('ix_logistics_parcel_order_id'), ['order_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_logistics_parcel_state_moved_at_id'), ['state', 'moved_at', 'id'], unique=False)

    op.create_table('logistics_waybill',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('shipment_id', sa.Integer(), nullable=False),
    sa.Column('order_id', sa.Integer(), nullable=False),
    sa.Column('courier_id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=40), nullable=False),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('number', sa.String(length=80), nullable=True),
    sa.Column('asked_at', sa.DateTime(), nullable=False),
    sa.Column('given_at', sa.DateTime(), nullable=True),
    sa.Column('why', sa.String(length=300), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'],
        name=op.f('fk_logistics_waybill_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['courier_id'], ['logistics_courier.id'],
        name=op.f('fk_logistics_waybill_courier_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'],
        name=op.f('fk_logistics_waybill_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['order_id'], ['orders_order.id'], name=op.f('fk_logistics_waybill_order_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['shipment_id'], ['orders_shipment.id'],
        name=op.f('fk_logistics_waybill_shipment_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_logistics_waybill')),
    sa.UniqueConstraint('courier_id', 'number', name=op.f('uq_logistics_waybill_courier_id_number')),
    sa.UniqueConstraint('key', name=op.f('uq_logistics_waybill_key')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('logistics_waybill', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_logistics_waybill_courier_id'), ['courier_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_logistics_waybill_order_id'), ['order_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_logistics_waybill_shipment_id'), ['shipment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_logistics_waybill_state_asked_at'), ['state', 'asked_at'], unique=False)

    op.create_table('logistics_trace',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('parcel_id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.Column('happened_at', sa.DateTime(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('place', sa.String(length=120), nullable=True),
    sa.Column('words', sa.String(length=300), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_logistics_trace_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_logistics_trace_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['parcel_id'], ['logistics_parcel.id'], name=op.f('fk_logistics_trace_parcel_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_logistics_trace')),
    sa.UniqueConstraint('parcel_id', 'key', name=op.f('uq_logistics_trace_parcel_id_key')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('logistics_trace', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_logistics_trace_parcel_id_happened_at'), ['parcel_id', 'happened_at'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('logistics_trace', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_logistics_trace_parcel_id_happened_at'))

    op.drop_table('logistics_trace')
    with op.batch_alter_table('logistics_waybill', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_logistics_waybill_state_asked_at'))
        batch_op.drop_index(batch_op.f('ix_logistics_waybill_shipment_id'))
        batch_op.drop_index(batch_op.f('ix_logistics_waybill_order_id'))
        batch_op.drop_index(batch_op.f('ix_logistics_waybill_courier_id'))

    op.drop_table('logistics_waybill')
    with op.batch_alter_table('logistics_parcel', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_logistics_parcel_state_moved_at_id'))
        batch_op.drop_index(batch_op.f('ix_logistics_parcel_order_id'))
        batch_op.drop_index(batch_op.f('ix_logistics_parcel_number'))
        batch_op.drop_index(batch_op.f('ix_logistics_parcel_moved_at_id'))
        batch_op.drop_index(batch_op.f('ix_logistics_parcel_is_standing_courier_id'))
        batch_op.drop_index(batch_op.f('ix_logistics_parcel_courier_id_number'))

    op.drop_table('logistics_parcel')
    with op.batch_alter_table('logistics_rule', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_logistics_rule_method_id'))

    op.drop_table('logistics_rule')
    with op.batch_alter_table('logistics_method', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_logistics_method_courier_id'))

    op.drop_table('logistics_method')
    op.drop_table('logistics_courier')
