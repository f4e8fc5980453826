"""Lists of numbers in the feed of changes as they are: PostgreSQL took longer to compress one than to write it, and all are swept"""

from alembic import op

revision = '0049'
down_revision = '0048'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _store('EXTERNAL')


def downgrade() -> None:
    _store('EXTENDED')


def _store(how: str) -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute(f'ALTER TABLE core_change ALTER COLUMN keys SET STORAGE {how}')
