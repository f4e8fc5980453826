"""Changes that wait for a second person"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('accounts_waiting_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('about', sa.String(length=120), nullable=False),
    sa.Column('what', sa.JSON(), nullable=False),
    sa.Column('path', sa.String(length=100), nullable=False),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('asked_by_id', sa.Integer(), nullable=True),
    sa.Column('asked_at', sa.DateTime(), nullable=False),
    sa.Column('expires_at', sa.DateTime(), nullable=False),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('decided_at', sa.DateTime(), nullable=True),
    sa.Column('why', sa.String(length=500), nullable=False),
    sa.ForeignKeyConstraint(['asked_by_id'], ['ab_user.id'], name=op.f('fk_accounts_waiting_change_asked_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['decided_by_id'], ['ab_user.id'], name=op.f('fk_accounts_waiting_change_decided_by_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accounts_waiting_change'))
    )
    with op.batch_alter_table('accounts_waiting_change', schema=None) as batch_op:
        batch_op.create_index('ix_accounts_waiting_change_state', ['state', 'about'], unique=False)
    with op.batch_alter_table('accounts_profile', schema=None) as batch_op:
        batch_op.add_column(sa.Column('let_in_by_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f('fk_accounts_profile_let_in_by_id'), 'ab_user', ['let_in_by_id'], ['id'], ondelete='SET NULL'
        )
    with op.batch_alter_table('accounts_publication', schema=None) as batch_op:
        batch_op.add_column(sa.Column('asked_by', sa.String(length=130), server_default='', nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('accounts_publication', schema=None) as batch_op:
        batch_op.drop_column('asked_by')
    with op.batch_alter_table('accounts_profile', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_accounts_profile_let_in_by_id'), type_='foreignkey')
        batch_op.drop_column('let_in_by_id')
    op.drop_table('accounts_waiting_change')
