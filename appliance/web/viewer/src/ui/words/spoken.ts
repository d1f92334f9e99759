/** Which language is spoken: the one that `<html lang>` names. English is in the script, another one is a file of its own. */

/** Fetch the page's language; words in English rather than no pictures.
 *
 * @param others by their primary language subtag (BCP 47).
 */
export async function spoken<Words>(english: Words, others: Readonly<Record<string, () => Promise<Words>>>): Promise<Words> {
  const wanted = typeof document === "undefined" ? "" : document.documentElement.lang;
  const other = others[wanted.split("-")[0]?.toLowerCase() ?? ""];
  return other === undefined ? english : other().catch(() => english);
}
