"""Feed of live sessions"""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('live_block_word',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('word', sa.String(length=60), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=True),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_block_word_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_block_word_created_by_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_block_word')),
    sa.UniqueConstraint('word', name=op.f('uq_live_block_word_word')),
    sqlite_autoincrement=True
    )
    op.create_table('live_hint_rule',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('threshold', sa.Numeric(precision=12, scale=3), nullable=False),
    sa.Column('minutes', sa.BigInteger(), nullable=False),
    sa.Column('least', sa.BigInteger(), nullable=False),
    sa.Column('quiet_minutes', sa.BigInteger(), nullable=False),
    sa.Column('advice', sa.String(length=300), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_hint_rule_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_hint_rule_created_by_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_hint_rule')),
    sa.UniqueConstraint('kind', 'name', name=op.f('uq_live_hint_rule_kind_name')),
    sqlite_autoincrement=True
    )
    op.create_table('live_reply_rule',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('words', sa.String(length=300), nullable=False),
    sa.Column('answer', sa.String(length=300), nullable=False),
    sa.Column('seconds', sa.BigInteger(), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_reply_rule_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_reply_rule_created_by_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_reply_rule')),
    sqlite_autoincrement=True
    )
    op.create_table('live_bucket',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=False),
    sa.Column('starts_at', sa.DateTime(), nullable=False),
    sa.Column('joins', sa.BigInteger(), nullable=False),
    sa.Column('leaves', sa.BigInteger(), nullable=False),
    sa.Column('comments', sa.BigInteger(), nullable=False),
    sa.Column('likes', sa.BigInteger(), nullable=False),
    sa.Column('gifts', sa.BigInteger(), nullable=False),
    sa.Column('shares', sa.BigInteger(), nullable=False),
    sa.Column('follows', sa.BigInteger(), nullable=False),
    sa.Column('clicks', sa.BigInteger(), nullable=False),
    sa.Column('carts', sa.BigInteger(), nullable=False),
    sa.Column('orders', sa.BigInteger(), nullable=False),
    sa.Column('units', sa.BigInteger(), nullable=False),
    sa.Column('gmv', sa.BigInteger(), nullable=False),
    sa.Column('viewers', sa.BigInteger(), nullable=False),
    sa.Column('viewers_ms', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_bucket_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_bucket')),
    sa.UniqueConstraint('session_id', 'item_id', 'starts_at', name=op.f('uq_live_bucket_session_id_item_id_starts_at')),
    sqlite_autoincrement=True
    )
    op.create_table('live_comment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('feed_id', sa.Integer(), nullable=False),
    sa.Column('source_event_id', sa.String(length=100), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('viewer', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('text', sa.String(length=500), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=False),
    sa.Column('is_hidden', sa.Boolean(), nullable=False),
    sa.Column('why', sa.String(length=100), nullable=True),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_comment_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_comment')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_comment', schema=None) as batch_op:
        batch_op.create_index('ix_live_comment_session_id_at', ['session_id', 'at'], unique=False)
        batch_op.create_index('ix_live_comment_session_id_viewer', ['session_id', 'viewer'], unique=False)

    op.create_table('live_feed',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('platform', sa.String(length=40), nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('nonce', sa.String(length=64), nullable=False),
    sa.Column('former_nonce', sa.String(length=64), nullable=True),
    sa.Column('former_until', sa.DateTime(), nullable=True),
    sa.Column('is_open', sa.Boolean(), nullable=False),
    sa.Column('refused_count', sa.BigInteger(), nullable=False),
    sa.Column('refused_at', sa.DateTime(), nullable=True),
    sa.Column('refused_why', sa.String(length=200), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_feed_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_feed_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_feed_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_feed')),
    sa.UniqueConstraint('public_id', name=op.f('uq_live_feed_public_id')),
    sa.UniqueConstraint('session_id', 'platform', name=op.f('uq_live_feed_session_id_platform')),
    sqlite_autoincrement=True
    )
    op.create_table('live_mute',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('viewer', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=True),
    sa.Column('session_id', sa.Integer(), nullable=True),
    sa.Column('why', sa.String(length=200), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_mute_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_mute_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_mute_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_mute')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_mute', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_mute_session_id'), ['session_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_mute_viewer'), ['viewer'], unique=False)

    op.create_table('live_reply',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('rule_id', sa.Integer(), nullable=False),
    sa.Column('comment_id', sa.BigInteger(), nullable=True),
    sa.Column('asked', sa.String(length=500), nullable=True),
    sa.Column('answer', sa.String(length=300), nullable=True),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_reply_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_reply_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['rule_id'], ['live_reply_rule.id'], name=op.f('fk_live_reply_rule_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_reply_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_reply')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_reply', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_reply_rule_id'), ['rule_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_reply_session_id_rule_id_at'), ['session_id', 'rule_id', 'at'], unique=False)

    op.create_table('live_source_bucket',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(length=40), nullable=False),
    sa.Column('starts_at', sa.DateTime(), nullable=False),
    sa.Column('joins', sa.BigInteger(), nullable=False),
    sa.Column('clicks', sa.BigInteger(), nullable=False),
    sa.Column('carts', sa.BigInteger(), nullable=False),
    sa.Column('orders', sa.BigInteger(), nullable=False),
    sa.Column('gmv', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_source_bucket_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_source_bucket')),
    sa.UniqueConstraint('session_id', 'source', 'starts_at', name=op.f('uq_live_source_bucket_session_id_source_starts_at')),
    sqlite_autoincrement=True
    )
    op.create_table('live_tally',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=False),
    sa.Column('newcomers', sa.BigInteger(), nullable=False),
    sa.Column('events', sa.BigInteger(), nullable=False),
    sa.Column('repeated', sa.BigInteger(), nullable=False),
    sa.Column('last_ms', sa.BigInteger(), nullable=False),
    sa.Column('heard_ms', sa.BigInteger(), nullable=False),
    sa.Column('joins', sa.BigInteger(), nullable=False),
    sa.Column('leaves', sa.BigInteger(), nullable=False),
    sa.Column('comments', sa.BigInteger(), nullable=False),
    sa.Column('likes', sa.BigInteger(), nullable=False),
    sa.Column('gifts', sa.BigInteger(), nullable=False),
    sa.Column('shares', sa.BigInteger(), nullable=False),
    sa.Column('follows', sa.BigInteger(), nullable=False),
    sa.Column('clicks', sa.BigInteger(), nullable=False),
    sa.Column('carts', sa.BigInteger(), nullable=False),
    sa.Column('orders', sa.BigInteger(), nullable=False),
    sa.Column('units', sa.BigInteger(), nullable=False),
    sa.Column('gmv', sa.BigInteger(), nullable=False),
    sa.Column('viewers', sa.BigInteger(), nullable=False),
    sa.Column('viewers_ms', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_tally_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_tally')),
    sa.UniqueConstraint('session_id', 'item_id', name=op.f('uq_live_tally_session_id_item_id')),
    sqlite_autoincrement=True
    )
    op.create_table('live_viewer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('viewer', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('source', sa.String(length=40), nullable=False),
    sa.Column('first_at', sa.DateTime(), nullable=False),
    sa.Column('last_at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_viewer_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_viewer')),
    sa.UniqueConstraint('session_id', 'viewer', name=op.f('uq_live_viewer_session_id_viewer')),
    sqlite_autoincrement=True
    )
    op.create_table('live_event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('feed_id', sa.Integer(), nullable=False),
    sa.Column('source_event_id', sa.String(length=100), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=False),
    sa.Column('viewer', sa.String(length=64), nullable=False),
    sa.Column('n', sa.BigInteger(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=True),
    sa.Column('number', sa.String(length=100), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=True),
    sa.Column('is_paid', sa.Boolean(), nullable=False),
    sa.Column('order_id', sa.Integer(), nullable=True),
    sa.Column('reason', sa.String(length=300), nullable=True),
    sa.ForeignKeyConstraint(['feed_id'], ['live_feed.id'], name=op.f('fk_live_event_feed_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['order_id'], ['orders_order.id'], name=op.f('fk_live_event_order_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_event_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_event')),
    sa.UniqueConstraint('feed_id', 'source_event_id', name=op.f('uq_live_event_feed_id_source_event_id')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_event_order_id'), ['order_id'], unique=False)
        batch_op.create_index('ix_live_event_session_id_kind_at', ['session_id', 'kind', 'at'], unique=False)
        batch_op.create_index(
            'ix_live_event_waiting', ['id'], unique=False, sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )

    op.create_table('live_hint',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('rule_id', sa.Integer(), nullable=True),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=True),
    sa.Column('source', sa.String(length=40), nullable=True),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('before', sa.Numeric(precision=18, scale=3), nullable=True),
    sa.Column('usual', sa.Numeric(precision=18, scale=3), nullable=True),
    sa.Column('advice', sa.String(length=300), nullable=True),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('done_by_id', sa.Integer(), nullable=True),
    sa.Column('done_at', sa.DateTime(), nullable=True),
    sa.Column('after', sa.Numeric(precision=18, scale=3), nullable=True),
    sa.Column('values', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_hint_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_hint_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['done_by_id'], ['ab_user.id'], name=op.f('fk_live_hint_done_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['item_id'], ['live_item.id'], name=op.f('fk_live_hint_item_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['rule_id'], ['live_hint_rule.id'], name=op.f('fk_live_hint_rule_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_hint_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_hint')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_hint', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_hint_done_by_id'), ['done_by_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_hint_item_id'), ['item_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_hint_rule_id'), ['rule_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_hint_session_id_at'), ['session_id', 'at'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('live_hint', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_live_hint_session_id_at'))
        batch_op.drop_index(batch_op.f('ix_live_hint_rule_id'))
        batch_op.drop_index(batch_op.f('ix_live_hint_item_id'))
        batch_op.drop_index(batch_op.f('ix_live_hint_done_by_id'))

    op.drop_table('live_hint')
    with op.batch_alter_table('live_event', schema=None) as batch_op:
        batch_op.drop_index('ix_live_event_waiting', sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
        batch_op.drop_index('ix_live_event_session_id_kind_at')
        batch_op.drop_index(batch_op.f('ix_live_event_order_id'))

    op.drop_table('live_event')
    op.drop_table('live_viewer')
    op.drop_table('live_tally')
    op.drop_table('live_source_bucket')
    with op.batch_alter_table('live_reply', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_live_reply_session_id_rule_id_at'))
        batch_op.drop_index(batch_op.f('ix_live_reply_rule_id'))

    op.drop_table('live_reply')
    with op.batch_alter_table('live_mute', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_live_mute_viewer'))
        batch_op.drop_index(batch_op.f('ix_live_mute_session_id'))

    op.drop_table('live_mute')
    op.drop_table('live_feed')
    with op.batch_alter_table('live_comment', schema=None) as batch_op:
        batch_op.drop_index('ix_live_comment_session_id_viewer')
        batch_op.drop_index('ix_live_comment_session_id_at')

    op.drop_table('live_comment')
    op.drop_table('live_bucket')
    op.drop_table('live_reply_rule')
    op.drop_table('live_hint_rule')
    op.drop_table('live_block_word')
