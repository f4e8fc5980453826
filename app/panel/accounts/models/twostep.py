"""The second step of a log-in: codes of an app, recovery codes, passkeys; and the browsers that were here before."""

from __future__ import annotations

from flask_appbuilder import Model
from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import mapped_column

from app.panel.core import clock
from app.panel.core.types import UTCDateTime


class TwoStep(Model):
    """The secret that an app of this person counts codes from. It asks nothing at the log-in before it is confirmed.

    The secret is sealed by a key that is not in the database, so a copy of the table makes no codes. `last_step` is the
    latest span of 30 seconds of which a code was taken: none of it or from before it is taken again.
    """

    __tablename__ = "accounts_twostep"

    user_id = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    secret = mapped_column(Text, nullable=False)
    confirmed_at = mapped_column(UTCDateTime, nullable=True)
    last_step = mapped_column(BigInteger, nullable=False, default=0)


class RecoveryCode(Model):
    """A code that opens once when the app is lost. Kept as a digest that needs a key as well."""

    __tablename__ = "accounts_recovery_code"

    id = mapped_column(Integer, primary_key=True)
    user_id = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False, index=True)
    digest = mapped_column(String(64), nullable=False)
    used_at = mapped_column(UTCDateTime, nullable=True)


class Passkey(Model):
    """A key in a phone, a computer or a stick that signs what this site asks: it cannot be typed into a false page."""

    __tablename__ = "accounts_passkey"

    id = mapped_column(Integer, primary_key=True)
    user_id = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False, index=True)
    name = mapped_column(String(60), nullable=False)
    credential = mapped_column(String(400), nullable=False, unique=True)  # its id, as base64url
    public_key = mapped_column(Text, nullable=False)
    sign_count = mapped_column(BigInteger, nullable=False, default=0)
    created_at = mapped_column(UTCDateTime, nullable=False, default=clock.now)
    last_used_at = mapped_column(UTCDateTime, nullable=True)


class Device(Model):
    """A browser in which a person has logged in. The key is the SHA-256 of what its cookie holds.

    `confirmed_at` says that it passed the device lock, or a second step. Until `trusted_until` it needs no code, while
    the person's rights and credentials are those of `auth_epoch`.
    """

    __tablename__ = "accounts_device"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        Index("ix_accounts_device_seen", "seen_at"),
    )

    id = mapped_column(Integer, primary_key=True)
    user_id = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    key = mapped_column(String(64), nullable=False)
    agent = mapped_column(String(300), nullable=False, default="")
    ip = mapped_column(String(45), nullable=False, default="")
    first_at = mapped_column(UTCDateTime, nullable=False, default=clock.now)
    seen_at = mapped_column(UTCDateTime, nullable=False, default=clock.now)
    confirmed_at = mapped_column(UTCDateTime, nullable=True)
    trusted_until = mapped_column(UTCDateTime, nullable=True)
    auth_epoch = mapped_column(Integer, nullable=False, default=1)


class PendingLogin(Model):
    """A right password that waits for its second step. It is no session: its key opens one page, for ten minutes.

    `mailed` is the digest of a code that went out by mail, `challenge` what a passkey has to sign.
    """

    __tablename__ = "accounts_pending_login"

    key = mapped_column(String(64), primary_key=True)
    user_id = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False, index=True)
    auth_epoch = mapped_column(Integer, nullable=False, default=1)
    result = mapped_column(String(20), nullable=False)
    expires_at = mapped_column(UTCDateTime, nullable=False)
    tries = mapped_column(Integer, nullable=False, default=0)
    mailed = mapped_column(String(64), nullable=False, default="")
    challenge = mapped_column(String(100), nullable=False, default="")
    used_at = mapped_column(UTCDateTime, nullable=True)
