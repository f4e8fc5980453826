"""Notes and files on rows"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('core_remark',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('table', sa.String(length=80), nullable=False),
    sa.Column('key', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('author', sa.String(length=64), nullable=False),
    sa.Column('file_id', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_core_remark_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_core_remark_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['file_id'], ['core_file.id'], name=op.f('fk_core_remark_file_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_core_remark')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('core_remark', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_core_remark_file_id'), ['file_id'], unique=False)
        batch_op.create_index('ix_core_remark_row', ['table', 'key'], unique=False)


def downgrade() -> None:
    op.drop_table('core_remark')
