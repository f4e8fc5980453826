"""Rehearsals of live sessions"""

import sqlalchemy as sa
from alembic import op

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('live_rehearsal',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('shop_id', sa.Integer(), nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=True),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('minutes', sa.BigInteger(), nullable=False),
    sa.Column('speed', sa.BigInteger(), nullable=False),
    sa.Column('seed', sa.BigInteger(), nullable=False),
    sa.Column('peak', sa.BigInteger(), nullable=False),
    sa.Column('is_replay', sa.BigInteger(), nullable=False),
    sa.Column('position_ms', sa.BigInteger(), nullable=False),
    sa.Column('positioned_at', sa.DateTime(), nullable=False),
    sa.Column('heartbeat_at', sa.DateTime(), nullable=False),
    sa.Column('begun_at', sa.DateTime(), nullable=False),
    sa.Column('ended_at', sa.DateTime(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_rehearsal_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_rehearsal_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_rehearsal_session_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['shop_id'], ['setup_shop.id'], name=op.f('fk_live_rehearsal_shop_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['source_id'], ['live_session.id'], name=op.f('fk_live_rehearsal_source_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_rehearsal')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_rehearsal', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_rehearsal_session_id'), ['session_id'], unique=True)
        batch_op.create_index(batch_op.f('ix_live_rehearsal_source_id'), ['source_id'], unique=False)
        batch_op.create_index('uq_live_rehearsal_running', ['shop_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))

    op.create_table('live_incident',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('rehearsal_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=True),
    sa.Column('shown_at', sa.DateTime(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_incident_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_incident_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['item_id'], ['live_item.id'], name=op.f('fk_live_incident_item_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['rehearsal_id'], ['live_rehearsal.id'], name=op.f('fk_live_incident_rehearsal_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_incident')),
    sa.UniqueConstraint('rehearsal_id', 'kind', name=op.f('uq_live_incident_rehearsal_id_kind')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_incident', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_incident_item_id'), ['item_id'], unique=False)

    op.create_table('live_reaction',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('incident_id', sa.Integer(), nullable=False),
    sa.Column('post', sa.String(length=40), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('action_id', sa.Integer(), nullable=True),
    sa.Column('verb', sa.String(length=40), nullable=False),
    sa.Column('seconds', sa.Numeric(precision=10, scale=3), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['action_id'], ['live_action.id'], name=op.f('fk_live_reaction_action_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_reaction_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_reaction_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['incident_id'], ['live_incident.id'], name=op.f('fk_live_reaction_incident_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['ab_user.id'], name=op.f('fk_live_reaction_person_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_reaction')),
    sa.UniqueConstraint('incident_id', 'post', name=op.f('uq_live_reaction_incident_id_post')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_reaction', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_reaction_action_id'), ['action_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_live_reaction_person_id'), ['person_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('live_reaction', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_live_reaction_person_id'))
        batch_op.drop_index(batch_op.f('ix_live_reaction_action_id'))

    op.drop_table('live_reaction')
    with op.batch_alter_table('live_incident', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_live_incident_item_id'))

    op.drop_table('live_incident')
    with op.batch_alter_table('live_rehearsal', schema=None) as batch_op:
        batch_op.drop_index('uq_live_rehearsal_running', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_live_rehearsal_source_id'))
        batch_op.drop_index(batch_op.f('ix_live_rehearsal_session_id'))

    op.drop_table('live_rehearsal')
