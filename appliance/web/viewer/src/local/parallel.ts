/** Reading several files at once: enough to hide a disk's delay, few enough to bound memory. */

const AT_ONCE = 8;

/** Work on all items, some at once, in their order. */
export async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
