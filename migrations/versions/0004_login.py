"""Second step of the log-in, passkeys, and the browsers that people use"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('accounts_device',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('agent', sa.String(length=300), nullable=False),
    sa.Column('ip', sa.String(length=45), nullable=False),
    sa.Column('first_at', sa.DateTime(), nullable=False),
    sa.Column('seen_at', sa.DateTime(), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(), nullable=True),
    sa.Column('trusted_until', sa.DateTime(), nullable=True),
    sa.Column('auth_epoch', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['ab_user.id'], name=op.f('fk_accounts_device_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accounts_device')),
    sa.UniqueConstraint('user_id', 'key', name=op.f('uq_accounts_device_user_id_key')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('accounts_device', schema=None) as batch_op:
        batch_op.create_index('ix_accounts_device_seen', ['seen_at'], unique=False)

    op.create_table('accounts_passkey',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('credential', sa.String(length=400), nullable=False),
    sa.Column('public_key', sa.Text(), nullable=False),
    sa.Column('sign_count', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('last_used_at', sa.DateTime(), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['ab_user.id'], name=op.f('fk_accounts_passkey_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accounts_passkey')),
    sa.UniqueConstraint('credential', name=op.f('uq_accounts_passkey_credential')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('accounts_passkey', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_accounts_passkey_user_id'), ['user_id'], unique=False)

    op.create_table('accounts_pending_login',
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('auth_epoch', sa.Integer(), nullable=False),
    sa.Column('result', sa.String(length=20), nullable=False),
    sa.Column('expires_at', sa.DateTime(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('mailed', sa.String(length=64), nullable=False),
    sa.Column('challenge', sa.String(length=100), nullable=False),
    sa.Column('used_at', sa.DateTime(), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['ab_user.id'], name=op.f('fk_accounts_pending_login_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_accounts_pending_login'))
    )
    with op.batch_alter_table('accounts_pending_login', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_accounts_pending_login_user_id'), ['user_id'], unique=False)

    op.create_table('accounts_recovery_code',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('used_at', sa.DateTime(), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['ab_user.id'], name=op.f('fk_accounts_recovery_code_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accounts_recovery_code')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('accounts_recovery_code', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_accounts_recovery_code_user_id'), ['user_id'], unique=False)

    op.create_table('accounts_twostep',
    sa.Column('user_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('secret', sa.Text(), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(), nullable=True),
    sa.Column('last_step', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['ab_user.id'], name=op.f('fk_accounts_twostep_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_accounts_twostep'))
    )
    with op.batch_alter_table('accounts_profile', schema=None) as batch_op:
        batch_op.add_column(sa.Column('device_lock', sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('accounts_profile', schema=None) as batch_op:
        batch_op.drop_column('device_lock')

    op.drop_table('accounts_twostep')
    with op.batch_alter_table('accounts_recovery_code', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_accounts_recovery_code_user_id'))

    op.drop_table('accounts_recovery_code')
    with op.batch_alter_table('accounts_pending_login', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_accounts_pending_login_user_id'))

    op.drop_table('accounts_pending_login')
    with op.batch_alter_table('accounts_passkey', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_accounts_passkey_user_id'))

    op.drop_table('accounts_passkey')
    with op.batch_alter_table('accounts_device', schema=None) as batch_op:
        batch_op.drop_index('ix_accounts_device_seen')

    op.drop_table('accounts_device')
