"""Lent rights, counted reveals, runs of the rights check"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('accounts_delegation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('lender_id', sa.Integer(), nullable=False),
    sa.Column('resource', sa.String(length=80), nullable=False),
    sa.Column('verb', sa.String(length=40), nullable=False),
    sa.Column('from_at', sa.DateTime(), nullable=False),
    sa.Column('until_at', sa.DateTime(), nullable=False),
    sa.Column('uses_max', sa.BigInteger(), nullable=True),
    sa.Column('uses', sa.BigInteger(), nullable=False),
    sa.Column('amount_each', sa.BigInteger(), nullable=True),
    sa.Column('amount_max', sa.BigInteger(), nullable=True),
    sa.Column('spent', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=True),
    sa.Column('revoked_at', sa.DateTime(), nullable=True),
    sa.Column('told_uses', sa.BigInteger(), nullable=False),
    sa.Column('told_spent', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('uses_max IS NULL OR uses <= uses_max', name=op.f('ck_accounts_delegation_uses')),
    sa.CheckConstraint('amount_max IS NULL OR spent <= amount_max', name=op.f('ck_accounts_delegation_spent')),
    sa.CheckConstraint('from_at < until_at', name=op.f('ck_accounts_delegation_span')),
    sa.ForeignKeyConstraint(['person_id'], ['ab_user.id'], name=op.f('fk_accounts_delegation_person_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['lender_id'], ['ab_user.id'], name=op.f('fk_accounts_delegation_lender_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_accounts_delegation_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_accounts_delegation_changed_by_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accounts_delegation')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('accounts_delegation', schema=None) as batch_op:
        batch_op.create_index('ix_accounts_delegation_person', ['person_id', 'until_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_accounts_delegation_lender_id'), ['lender_id'], unique=False)

    op.create_table('accounts_reveal_count',
    sa.Column('user_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('on', sa.Date(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('was_told', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['ab_user.id'], name=op.f('fk_accounts_reveal_count_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'on', name=op.f('pk_accounts_reveal_count'))
    )
    op.create_table('accounts_rights_check',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('asked_by_id', sa.Integer(), nullable=True),
    sa.Column('asked_at', sa.DateTime(), nullable=False),
    sa.Column('ended_at', sa.DateTime(), nullable=True),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('routes', sa.Integer(), nullable=False),
    sa.Column('roles', sa.Integer(), nullable=False),
    sa.Column('calls', sa.Integer(), nullable=False),
    sa.Column('holes', sa.JSON(), nullable=False),
    sa.Column('counts', sa.JSON(), nullable=False),
    sa.Column('problem', sa.String(length=500), nullable=False),
    sa.ForeignKeyConstraint(['asked_by_id'], ['ab_user.id'], name=op.f('fk_accounts_rights_check_asked_by_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accounts_rights_check')),
    sqlite_autoincrement=True
    )


def downgrade() -> None:
    op.drop_table('accounts_rights_check')
    op.drop_table('accounts_reveal_count')
    with op.batch_alter_table('accounts_delegation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_accounts_delegation_lender_id'))
        batch_op.drop_index('ix_accounts_delegation_person')

    op.drop_table('accounts_delegation')
