"""What a session teaches, as functions of plain numbers: no table and no request is known here."""
