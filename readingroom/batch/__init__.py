"""Many studies, one after another: resumable, and no failure stops the rest."""
