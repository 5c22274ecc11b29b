/**
 * Imports a peer by name, typed by the few members that are used here. The peers are installed in this folder only;
 * a plain import would make the type check of the whole repository need them.
 */
export async function loadPeer<Shape>(name: string): Promise<Shape> {
  return (await import(name)) as Shape
}
