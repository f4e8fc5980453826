"""The configuration: publications and the draft"""

import sqlalchemy as sa
from alembic import op

from app.panel.core.types import UTCDateTime

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'accounts_publication',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('document', sa.JSON(), nullable=False),
        sa.Column('digest', sa.String(length=64), nullable=False),
        sa.Column('note', sa.Text(), nullable=False),
        sa.Column('published_by_id', sa.Integer(), nullable=True),
        sa.Column('published_at', UTCDateTime(), nullable=False),
        sa.Column('confirm_by', UTCDateTime(), nullable=True),
        sa.Column('confirmed_at', UTCDateTime(), nullable=True),
        sa.Column('rolled_back_at', UTCDateTime(), nullable=True),
        sa.Column('rolled_back_why', sa.String(length=500), nullable=False),
        sa.Column('based_on_id', sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ['based_on_id'], ['accounts_publication.id'], name=op.f('fk_accounts_publication_based_on_id'), ondelete='SET NULL'
        ),
        sa.ForeignKeyConstraint(
            ['published_by_id'], ['ab_user.id'], name=op.f('fk_accounts_publication_published_by_id'), ondelete='SET NULL'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_accounts_publication')),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table('accounts_publication') as table:
        table.create_index(op.f('ix_accounts_publication_based_on_id'), ['based_on_id'])
        table.create_index(op.f('ix_accounts_publication_published_by_id'), ['published_by_id'])
    op.create_table(
        'accounts_draft',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('document', sa.JSON(none_as_null=True), nullable=True),
        sa.Column('based_on_id', sa.Integer(), nullable=True),
        sa.Column('version', sa.Integer(), server_default='0', nullable=False),
        sa.Column('changed_by_id', sa.Integer(), nullable=True),
        sa.Column('changed_at', UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ['based_on_id'], ['accounts_publication.id'], name=op.f('fk_accounts_draft_based_on_id'), ondelete='SET NULL'
        ),
        sa.ForeignKeyConstraint(
            ['changed_by_id'], ['ab_user.id'], name=op.f('fk_accounts_draft_changed_by_id'), ondelete='SET NULL'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_accounts_draft')),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table('accounts_draft') as table:
        table.create_index(op.f('ix_accounts_draft_based_on_id'), ['based_on_id'])
        table.create_index(op.f('ix_accounts_draft_changed_by_id'), ['changed_by_id'])


def downgrade() -> None:
    op.drop_table('accounts_draft')
    op.drop_table('accounts_publication')
