"""Jobs: what one is, how it runs, when it is due. The jobs themselves are in jobs/."""
