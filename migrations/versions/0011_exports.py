"""Templates of exports"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('exports_template',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('list_key', sa.String(length=100), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('columns', sa.JSON(), nullable=False),
    sa.Column('format', sa.String(length=20), nullable=False),
    sa.Column('roles', sa.JSON(), nullable=False),
    sa.Column('is_shared', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['ab_user.id'], name=op.f('fk_exports_template_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exports_template')),
    sa.UniqueConstraint('user_id', 'list_key', 'name', name=op.f('uq_exports_template_user_id_list_key_name')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('exports_template', schema=None) as batch_op:
        batch_op.create_index('ix_exports_template_key', ['list_key'], unique=False)


def downgrade() -> None:
    op.drop_table('exports_template')
