"""The journal: commands on disk before their answers leave, snapshots, and the way back from both (docs/journal.md)."""
