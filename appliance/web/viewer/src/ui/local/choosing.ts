/** Ways to hand over files: dropped on the page, or chosen by a button. Folders are read to their last level. */
import type { Chosen } from "../../local/scanning";

const MOST_FILES = 200_000;
const MOST_DEPTH = 64;

/** Read what was dropped. The entries are taken at once, for the event forgets them. */
export async function dropped(transfer: DataTransfer): Promise<Chosen[]> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const chosen: Chosen[] = [];
  for (const entry of entries) await walk(entry, 0, chosen);
  return chosen;
}

async function walk(entry: FileSystemEntry, depth: number, chosen: Chosen[]): Promise<void> {
  if (chosen.length >= MOST_FILES || depth > MOST_DEPTH) return;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    chosen.push({ path: entry.fullPath.replace(/^\//, ""), file });
  } else if (entry.isDirectory) {
    for (const inner of await entriesOf(entry as FileSystemDirectoryEntry)) await walk(inner, depth + 1, chosen);
  }
}

/** A reader hands out some entries at a time, and none at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

/** Take what a file field holds. */
export function fromField(field: HTMLInputElement): Chosen[] {
  return Array.from(field.files ?? [], (file) => ({ path: file.webkitRelativePath || file.name, file }));
}

type PickFolder = (options: { readonly mode: "read" }) => Promise<Folder>;

/** What the File System Access interface gives; TypeScript's own library leaves its iteration out. */
interface Folder {
  readonly kind: "directory";
  readonly name: string;
  values(): AsyncIterable<Folder | FileSystemFileHandle>;
}

/** Give the browser's own folder dialog where it has one: it asks to *read* a folder, where a file field says "upload". */
export function folderPicker(): (() => Promise<Chosen[]>) | null {
  const pick = (window as { showDirectoryPicker?: PickFolder }).showDirectoryPicker?.bind(window);
  if (pick === undefined) return null;
  return async () => {
    const chosen: Chosen[] = [];
    const folder = await pick({ mode: "read" });
    await walkFolder(folder, folder.name, 0, chosen);
    return chosen;
  };
}

async function walkFolder(folder: Folder, path: string, depth: number, chosen: Chosen[]): Promise<void> {
  if (depth > MOST_DEPTH) return;
  for await (const entry of folder.values()) {
    if (chosen.length >= MOST_FILES) return;
    if (entry.kind === "directory") await walkFolder(entry, `${path}/${entry.name}`, depth + 1, chosen);
    else chosen.push({ path: `${path}/${entry.name}`, file: await entry.getFile() });
  }
}
