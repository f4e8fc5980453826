"""Live sessions and creators"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('creators_creator',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('phone', sa.String(length=40), nullable=True),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('shop_id', sa.Integer(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_creators_creator_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_creators_creator_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['shop_id'], ['setup_shop.id'], name=op.f('fk_creators_creator_shop_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['ab_user.id'], name=op.f('fk_creators_creator_user_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_creators_creator')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('creators_creator', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_creators_creator_shop_id'), ['shop_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_creators_creator_user_id'), ['user_id'], unique=False)

    op.create_table('live_room',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('place', sa.String(length=200), nullable=True),
    sa.Column('shop_id', sa.Integer(), nullable=True),
    sa.Column('equipment', sa.Text(), nullable=True),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_room_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_room_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['shop_id'], ['setup_shop.id'], name=op.f('fk_live_room_shop_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_room')),
    sa.UniqueConstraint('name', name=op.f('uq_live_room_name')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_room', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_room_shop_id'), ['shop_id'], unique=False)

    op.create_table('creators_account',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('creator_id', sa.Integer(), nullable=False),
    sa.Column('platform', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('external_id', sa.String(length=100), nullable=True),
    sa.Column('followers', sa.BigInteger(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_creators_account_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_creators_account_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['creator_id'], ['creators_creator.id'], name=op.f('fk_creators_account_creator_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_creators_account')),
    sa.UniqueConstraint('creator_id', 'platform', 'name', name=op.f('uq_creators_account_creator_id_platform_name')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('creators_account', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_creators_account_creator_id'), ['creator_id'], unique=False)

    op.create_table('live_session',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('shop_id', sa.Integer(), nullable=False),
    sa.Column('channel_id', sa.Integer(), nullable=False),
    sa.Column('creator_id', sa.Integer(), nullable=False),
    sa.Column('room_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('starts_at', sa.DateTime(), nullable=False),
    sa.Column('ends_at', sa.DateTime(), nullable=False),
    sa.Column('begun_at', sa.DateTime(), nullable=True),
    sa.Column('ended_at', sa.DateTime(), nullable=True),
    sa.Column('cover_id', sa.Integer(), nullable=True),
    sa.Column('tags', sa.String(length=200), nullable=True),
    sa.Column('category', sa.String(length=100), nullable=True),
    sa.Column('theme', sa.String(length=200), nullable=True),
    sa.Column('offers', sa.String(length=300), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('goal_gmv', sa.BigInteger(), nullable=True),
    sa.Column('goal_viewers', sa.BigInteger(), nullable=True),
    sa.Column('goal_orders', sa.BigInteger(), nullable=True),
    sa.Column('preview_text', sa.Text(), nullable=True),
    sa.Column('preview_seconds', sa.BigInteger(), nullable=True),
    sa.Column('is_practice', sa.Boolean(), nullable=False),
    sa.Column('copied_from_id', sa.Integer(), nullable=True),
    sa.Column('step', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('ends_at > starts_at', name=op.f('ck_live_session_ends_after_it_starts')),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_session_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['channel_id'], ['setup_channel.id'], name=op.f('fk_live_session_channel_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['copied_from_id'], ['live_session.id'], name=op.f('fk_live_session_copied_from_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['cover_id'], ['core_file.id'], name=op.f('fk_live_session_cover_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_session_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['creator_id'], ['creators_creator.id'], name=op.f('fk_live_session_creator_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['room_id'], ['live_room.id'], name=op.f('fk_live_session_room_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['shop_id'], ['setup_shop.id'], name=op.f('fk_live_session_shop_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_session')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_session_channel_id'), ['channel_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_session_copied_from_id'), ['copied_from_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_session_cover_id'), ['cover_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_session_creator_id_starts_at'), ['creator_id', 'starts_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_session_room_id_starts_at'), ['room_id', 'starts_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_session_shop_id_starts_at'), ['shop_id', 'starts_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_session_starts_at_id'), ['starts_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_session_state_starts_at'), ['state', 'starts_at'], unique=False)

    op.create_table('live_check',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('role', sa.String(length=40), nullable=True),
    sa.Column('text', sa.String(length=300), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('is_blocking', sa.Boolean(), nullable=False),
    sa.Column('done_at', sa.DateTime(), nullable=True),
    sa.Column('done_by_id', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_check_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_check_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['done_by_id'], ['ab_user.id'], name=op.f('fk_live_check_done_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_check_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_check')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_check', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_check_done_by_id'), ['done_by_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_check_session_id_kind_position'), ['session_id', 'kind', 'position'], unique=False)

    op.create_table('live_conclusion',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('closed_at', sa.DateTime(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_conclusion_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_conclusion_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['owner_id'], ['ab_user.id'], name=op.f('fk_live_conclusion_owner_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_conclusion_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_conclusion')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_conclusion', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_conclusion_owner_id'), ['owner_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_conclusion_session_id'), ['session_id'], unique=False)

    op.create_table('live_item',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=True),
    sa.Column('product_id', sa.Integer(), nullable=True),
    sa.Column('sku_id', sa.Integer(), nullable=True),
    sa.Column('planned_minutes', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('live_price', sa.BigInteger(), nullable=True),
    sa.Column('stock_set_aside', sa.BigInteger(), nullable=True),
    sa.Column('talking_points', sa.Text(), nullable=True),
    sa.Column('cue', sa.String(length=200), nullable=True),
    sa.Column('camera_cue', sa.String(length=200), nullable=True),
    sa.Column('materials', sa.Text(), nullable=True),
    sa.Column('faq', sa.Text(), nullable=True),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('pinned_at', sa.DateTime(), nullable=True),
    sa.Column('repin_seconds', sa.BigInteger(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('planned_minutes >= 0', name=op.f('ck_live_item_planned_minutes')),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_item_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_item_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['product_id'], ['catalog_product.id'], name=op.f('fk_live_item_product_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_item_session_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['sku_id'], ['catalog_sku.id'], name=op.f('fk_live_item_sku_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_item')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_item', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_item_product_id'), ['product_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_item_session_id_position'), ['session_id', 'position'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_item_sku_id'), ['sku_id'], unique=False)
        batch_op.create_index('uq_live_item_pinned', ['session_id'], unique=True, sqlite_where=sa.text('pinned_at IS NOT NULL'), postgresql_where=sa.text('pinned_at IS NOT NULL'))

    op.create_table('live_link',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('partner', sa.String(length=120), nullable=False),
    sa.Column('token', sa.String(length=32), nullable=False),
    sa.Column('clicks', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_link_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_link_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_link_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_link')),
    sa.UniqueConstraint('session_id', 'partner', name=op.f('uq_live_link_session_id_partner')),
    sa.UniqueConstraint('token', name=op.f('uq_live_link_token')),
    sqlite_autoincrement=True
    )
    op.create_table('live_message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=True),
    sa.Column('post', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('text', sa.String(length=500), nullable=True),
    sa.Column('mentions', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('said_at', sa.DateTime(), nullable=False),
    sa.Column('seen_at', sa.DateTime(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['author_id'], ['ab_user.id'], name=op.f('fk_live_message_author_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_message_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_message_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_message_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_message')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_message_author_id'), ['author_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_message_session_id_id'), ['session_id', 'id'], unique=False)

    op.create_table('live_action',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=True),
    sa.Column('actor_id', sa.Integer(), nullable=True),
    sa.Column('verb', sa.String(length=40), nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('values', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('outcome', sa.String(length=40), nullable=False),
    sa.Column('said', sa.String(length=300), nullable=True),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('step', sa.BigInteger(), nullable=False),
    sa.Column('can_undo', sa.Boolean(), nullable=False),
    sa.Column('undone_at', sa.DateTime(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['actor_id'], ['ab_user.id'], name=op.f('fk_live_action_actor_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_action_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_action_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['item_id'], ['live_item.id'], name=op.f('fk_live_action_item_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_action_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_action')),
    sa.UniqueConstraint('session_id', 'key', name=op.f('uq_live_action_session_id_key')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_action', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_action_actor_id'), ['actor_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_action_item_id'), ['item_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_action_session_id_at'), ['session_id', 'at'], unique=False)

    op.create_table('live_notice',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=True),
    sa.Column('text', sa.String(length=300), nullable=False),
    sa.Column('put_at', sa.DateTime(), nullable=False),
    sa.Column('taken_at', sa.DateTime(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_notice_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_notice_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['item_id'], ['live_item.id'], name=op.f('fk_live_notice_item_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_notice_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_notice')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_notice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_notice_item_id'), ['item_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_notice_session_id_put_at'), ['session_id', 'put_at'], unique=False)

    op.create_table('live_question',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=True),
    sa.Column('comment_id', sa.BigInteger(), nullable=True),
    sa.Column('asker', sa.String(length=120), nullable=True),
    sa.Column('viewer_key', sa.String(length=120), nullable=True),
    sa.Column('customer_id', sa.Integer(), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('asked_of', sa.String(length=40), nullable=False),
    sa.Column('asked_at', sa.DateTime(), nullable=False),
    sa.Column('sent_at', sa.DateTime(), nullable=True),
    sa.Column('escalated_at', sa.DateTime(), nullable=True),
    sa.Column('done_at', sa.DateTime(), nullable=True),
    sa.Column('thread', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.Column('answered_by_id', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['answered_by_id'], ['ab_user.id'], name=op.f('fk_live_question_answered_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_question_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_question_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['customer_id'], ['customers_customer.id'], name=op.f('fk_live_question_customer_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['item_id'], ['live_item.id'], name=op.f('fk_live_question_item_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_question_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_question')),
    sa.UniqueConstraint('session_id', 'comment_id', name=op.f('uq_live_question_session_id_comment_id')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_question', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_question_answered_by_id'), ['answered_by_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_question_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_question_item_id'), ['item_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_question_session_id_state_asked_at'), ['session_id', 'state', 'asked_at'], unique=False)

    op.create_table('live_slot',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=False),
    sa.Column('begun_at', sa.DateTime(), nullable=False),
    sa.Column('ended_at', sa.DateTime(), nullable=True),
    sa.Column('pins', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_slot_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_slot_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['item_id'], ['live_item.id'], name=op.f('fk_live_slot_item_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_slot_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_slot')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_slot', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_slot_item_id'), ['item_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_slot_session_id_begun_at'), ['session_id', 'begun_at'], unique=False)


def downgrade() -> None:
    op.drop_table('live_slot')
    op.drop_table('live_question')
    op.drop_table('live_notice')
    op.drop_table('live_action')
    op.drop_table('live_message')
    op.drop_table('live_link')
    op.drop_table('live_item')
    op.drop_table('live_conclusion')
    op.drop_table('live_check')
    op.drop_table('live_session')
    op.drop_table('creators_account')
    op.drop_table('live_room')
    op.drop_table('creators_creator')
