"""Bookings and ways out to platforms"""

import sqlalchemy as sa
from alembic import op

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('live_outlet',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('channel_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('url', sa.String(length=500), nullable=True),
    sa.Column('nonce', sa.String(length=64), nullable=True),
    sa.Column('carries_previews', sa.Boolean(), nullable=False),
    sa.Column('carries_replies', sa.Boolean(), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_outlet_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['channel_id'], ['setup_channel.id'], name=op.f('fk_live_outlet_channel_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_outlet_created_by_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_outlet')),
    sa.UniqueConstraint('channel_id', 'kind', name=op.f('uq_live_outlet_channel_id_kind')),
    sqlite_autoincrement=True
    )
    op.create_table('live_booking',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('contact', sa.String(length=200), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=True),
    sa.Column('came_by', sa.String(length=120), nullable=True),
    sa.Column('booked_at', sa.DateTime(), nullable=False),
    sa.Column('agreed_at', sa.DateTime(), nullable=True),
    sa.Column('token', sa.String(length=32), nullable=True),
    sa.Column('cancelled_at', sa.DateTime(), nullable=True),
    sa.Column('reminded_at', sa.DateTime(), nullable=True),
    sa.Column('reminded_for', sa.DateTime(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_booking_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_booking_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_booking_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_booking')),
    sa.UniqueConstraint('session_id', 'contact', name=op.f('uq_live_booking_session_id_contact')),
    sa.UniqueConstraint('token', name=op.f('uq_live_booking_token')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_booking', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_booking_session_id_booked_at'), ['session_id', 'booked_at'], unique=False)

    op.create_table('live_out',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('outlet_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('text', sa.Text(), nullable=True),
    sa.Column('values', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('tries', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('sent_at', sa.DateTime(), nullable=True),
    sa.Column('said', sa.String(length=300), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_out_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_out_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['outlet_id'], ['live_outlet.id'], name=op.f('fk_live_out_outlet_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_out_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_out')),
    sa.UniqueConstraint('key', name=op.f('uq_live_out_key')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_out', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_out_outlet_id'), ['outlet_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_out_session_id_kind_id'), ['session_id', 'kind', 'id'], unique=False)

    with op.batch_alter_table('live_session', schema=None) as batch_op:
        batch_op.add_column(sa.Column('film_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('remind_minutes', sa.BigInteger(), server_default='30', nullable=False))
        batch_op.create_index(batch_op.f('ix_live_session_film_id'), ['film_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_live_session_film_id'), 'core_file', ['film_id'], ['id'], ondelete='RESTRICT')
    with op.batch_alter_table('live_session', schema=None) as batch_op:
        batch_op.alter_column('remind_minutes', server_default=None)



def downgrade() -> None:
    with op.batch_alter_table('live_session', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_live_session_film_id'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_live_session_film_id'))
        batch_op.drop_column('remind_minutes')
        batch_op.drop_column('film_id')

    with op.batch_alter_table('live_out', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_live_out_session_id_kind_id'))
        batch_op.drop_index(batch_op.f('ix_live_out_outlet_id'))

    op.drop_table('live_out')
    with op.batch_alter_table('live_booking', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_live_booking_session_id_booked_at'))

    op.drop_table('live_booking')
    op.drop_table('live_outlet')
