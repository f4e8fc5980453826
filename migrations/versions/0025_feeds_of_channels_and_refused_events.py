"""Feeds of channels and refused events"""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('live_dead',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('feed_id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('source_event_id', sa.String(length=100), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=True),
    sa.Column('body', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('reason', sa.String(length=300), nullable=True),
    sa.Column('tries', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('replayed_at', sa.DateTime(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_dead_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_dead_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['feed_id'], ['live_feed.id'], name=op.f('fk_live_dead_feed_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_dead_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_dead')),
    sa.UniqueConstraint('feed_id', 'source_event_id', name=op.f('uq_live_dead_feed_id_source_event_id')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_dead', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_dead_session_id'), ['session_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_dead_state_at'), ['state', 'at'], unique=False)

    op.create_table('live_feed_refusal',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('feed_id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['feed_id'], ['live_feed.id'], name=op.f('fk_live_feed_refusal_feed_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_feed_refusal')),
    sa.UniqueConstraint('feed_id', 'code', name=op.f('uq_live_feed_refusal_feed_id_code')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_feed', schema=None) as batch_op:
        batch_op.add_column(sa.Column('channel_id', sa.Integer(), nullable=True))
        batch_op.alter_column('session_id',
               existing_type=sa.INTEGER(),
               nullable=True)
        batch_op.create_check_constraint(
            batch_op.f('ck_live_feed_of_a_session_or_a_channel'), 'session_id IS NOT NULL OR channel_id IS NOT NULL')
        batch_op.create_unique_constraint(batch_op.f('uq_live_feed_channel_id_platform'), ['channel_id', 'platform'])
        batch_op.create_foreign_key(batch_op.f('fk_live_feed_channel_id'), 'setup_channel', ['channel_id'], ['id'], ondelete='CASCADE')



def downgrade() -> None:
    op.execute('DELETE FROM live_feed WHERE session_id IS NULL')
    with op.batch_alter_table('live_feed', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_live_feed_channel_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('ck_live_feed_of_a_session_or_a_channel'), type_='check')
        batch_op.drop_constraint(batch_op.f('uq_live_feed_channel_id_platform'), type_='unique')
        batch_op.alter_column('session_id',
               existing_type=sa.INTEGER(),
               nullable=False)
        batch_op.drop_column('channel_id')

    op.drop_table('live_feed_refusal')
    with op.batch_alter_table('live_dead', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_live_dead_state_at'))
        batch_op.drop_index(batch_op.f('ix_live_dead_session_id'))

    op.drop_table('live_dead')
