"""Reports and forecasts of live sessions"""

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('live_skill',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('shop_id', sa.Integer(), nullable=False),
    sa.Column('figure', sa.String(length=20), nullable=False),
    sa.Column('horizon', sa.BigInteger(), nullable=False),
    sa.Column('way', sa.String(length=20), nullable=False),
    sa.Column('asked', sa.BigInteger(), nullable=False),
    sa.Column('sessions', sa.BigInteger(), nullable=False),
    sa.Column('error', sa.Numeric(precision=18, scale=3), nullable=True),
    sa.Column('plain_error', sa.Numeric(precision=18, scale=3), nullable=True),
    sa.Column('inside', sa.Numeric(precision=5, scale=4), nullable=True),
    sa.Column('made_at', sa.DateTime(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_skill_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_skill_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['shop_id'], ['setup_shop.id'], name=op.f('fk_live_skill_shop_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_skill')),
    sa.UniqueConstraint('shop_id', 'figure', 'horizon', 'way', name=op.f('uq_live_skill_shop_id_figure_horizon_way')),
    sqlite_autoincrement=True
    )
    op.create_table('live_forecast',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('figure', sa.String(length=20), nullable=False),
    sa.Column('horizon', sa.BigInteger(), nullable=False),
    sa.Column('minute', sa.BigInteger(), nullable=False),
    sa.Column('way', sa.String(length=20), nullable=False),
    sa.Column('expected', sa.Numeric(precision=18, scale=3), nullable=False),
    sa.Column('low', sa.Numeric(precision=18, scale=3), nullable=False),
    sa.Column('high', sa.Numeric(precision=18, scale=3), nullable=False),
    sa.Column('plain', sa.Numeric(precision=18, scale=3), nullable=False),
    sa.Column('came', sa.Numeric(precision=18, scale=3), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_forecast_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_forecast_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_forecast_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_forecast')),
    sa.UniqueConstraint('session_id', 'figure', 'horizon', 'minute', name=op.f('uq_live_forecast_session_id_figure_horizon_minute')),
    sqlite_autoincrement=True
    )
    op.create_table('live_report',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('made_at', sa.DateTime(), nullable=False),
    sa.Column('figures', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_live_report_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_live_report_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['session_id'], ['live_session.id'], name=op.f('fk_live_report_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_live_report')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('live_report', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_live_report_session_id'), ['session_id'], unique=True)


def downgrade() -> None:
    with op.batch_alter_table('live_report', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_live_report_session_id'))

    op.drop_table('live_report')
    op.drop_table('live_forecast')
    op.drop_table('live_skill')
