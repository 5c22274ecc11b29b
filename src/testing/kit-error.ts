/** An error that the kit itself has made. What others throw is never touched. */
export class KitError extends Error {}
