"""Drawing profiles of screens: drafts with their pictures, a form, TOML, and the box's reader."""
