/**
 * Looks through the files that a person chose and says which studies and series they hold, as the files themselves say it.
 * A DICOMDIR says which files a disc should have; where it names another patient than a file does, that is told. No pixels
 * are read here.
 */
import { readDirectory } from "./directory";
import { readHeader, type Subject } from "./header";
import { inParallel } from "./parallel";
import { faultOf, plainFile, readWhole, Unreadable, type FileFault, type LocalFile } from "./source";
import { listZip, looksLikeZip, ZipRefused, type ZipFault } from "./zip";

export interface LocalSeries {
  readonly subject: Subject;
  readonly files: readonly LocalFile[];
  /** SOP Instance UIDs, file by file; empty where a directory names none. */
  readonly sops: readonly string[];
}

export interface LocalStudy {
  readonly subject: Subject;
  readonly series: readonly LocalSeries[];
  /** Whom a DICOMDIR names for files of this study, where the files say somebody else: names and IDs. */
  readonly otherwise: readonly string[];
}

export interface Found {
  readonly studies: readonly LocalStudy[];
  /** Files that are no DICOM: a disc's own viewer, texts, pictures. */
  readonly others: number;
  /** Files that are, and cannot be read: where they lie, and why. */
  readonly broken: readonly { readonly path: string; readonly why: FileFault }[];
  readonly refused: readonly { readonly path: string; readonly code: ZipFault }[];
  /** Files that a DICOMDIR names and that are not there. */
  readonly missing: number;
  /** Files that came twice. */
  readonly copies: number;
}

export interface Chosen {
  readonly path: string;
  readonly file: Blob;
}

const DIRECTORY = "DICOMDIR";
const MOST_DIRECTORY_BYTES = 2 ** 28;

/** Guards what was found until all has been looked at. */
class Finding {
  readonly files: LocalFile[] = [];
  readonly pieces: Piece[] = [];
  /** What a DICOMDIR says of the files that it names. */
  readonly listed = new Map<LocalFile, Subject>();
  readonly broken: { readonly path: string; readonly why: FileFault }[] = [];
  readonly refused: { readonly path: string; readonly code: ZipFault }[] = [];
  others = 0;
  missing = 0;

  tell(file: { readonly path: string }, error: unknown): void {
    if (error instanceof ZipRefused) this.refused.push({ path: file.path, code: error.code });
    else this.broken.push({ path: file.path, why: faultOf(error) });
  }
}

/** Look through files.
 *
 * @param onProgress told how many of how many were looked at.
 */
export async function scan(chosen: readonly Chosen[], onProgress: (done: number, all: number) => void): Promise<Found> {
  const finding = new Finding();
  for (const one of chosen) await unpack(one, finding);
  const directories = await readDirectories(finding);
  const rest = finding.files.filter((file) => !directories.has(file));
  let done = directories.size;
  await inParallel(rest, async (file) => {
    await ask(file, finding);
    onProgress(++done, finding.files.length);
  });
  const { pieces, copies } = withoutCopies(finding);
  return { studies: grouped(pieces), copies, others: finding.others, broken: finding.broken, refused: finding.refused, missing: finding.missing };
}

async function unpack({ path, file }: Chosen, finding: Finding): Promise<void> {
  try {
    if (await looksLikeZip(file)) finding.files.push(...(await listZip(file, path)));
    else finding.files.push(plainFile(path, file));
  } catch (error) {
    finding.tell({ path }, error);
  }
}

/** Note what every DICOMDIR says of the files it names; gives the DICOMDIRs. */
async function readDirectories(finding: Finding): Promise<Set<LocalFile>> {
  const byPath = new Map(finding.files.map((file) => [plain(file.path), file]));
  const done = new Set<LocalFile>();
  for (const directory of finding.files.filter((file) => plain(file.path).endsWith(DIRECTORY) && nameOf(file) === DIRECTORY)) {
    done.add(directory);
    try {
      if (directory.bytes > MOST_DIRECTORY_BYTES) throw new Unreadable("directory");
      const folder = plain(directory.path).slice(0, -DIRECTORY.length);
      for (const { path, subject } of readDirectory(await readWhole(directory))) {
        const file = byPath.get(folder + plain(path));
        if (file === undefined) finding.missing++;
        else if (subject.series !== "" && !finding.listed.has(file)) finding.listed.set(file, subject);
      }
    } catch (error) {
      finding.tell(directory, error);
    }
  }
  return done;
}

function nameOf(file: LocalFile): string {
  return plain(file.path).split("/").at(-1) ?? "";
}

/** Discs are copied in either case, with or without a version (";1") and a last dot. */
function plain(path: string): string {
  return path.toUpperCase().replace(/;\d+$/, "").replace(/\.$/, "");
}

async function ask(file: LocalFile, finding: Finding): Promise<void> {
  try {
    const listed = finding.listed.get(file) ?? null;
    const subject = await readHeader(file);
    if (subject !== null) finding.pieces.push({ subject, file, otherwise: listed === null ? "" : otherwise(listed, subject) });
    else if (listed === null) finding.others++;
    else throw new Unreadable("no-dicom");
  } catch (error) {
    finding.tell(file, error);
  }
}

interface Piece {
  readonly subject: Subject;
  readonly file: LocalFile;
  /** Whom a DICOMDIR names instead; empty where it agrees or is silent. */
  readonly otherwise: string;
}

/** A table of contents may leave things out and write a name in other letters; an ID or a name that differs is somebody else. */
function otherwise(listed: Subject, own: Subject): string {
  const differs = (one: string, other: string): boolean => one !== "" && other !== "" && plainWord(one) !== plainWord(other);
  const isOther = differs(listed.patientId, own.patientId) || differs(listed.patientName, own.patientName) || differs(listed.birthDate, own.birthDate);
  return isOther ? [listed.patientName, listed.patientId].filter((one) => one !== "").join(" · ") || listed.birthDate : "";
}

function plainWord(text: string): string {
  return text.normalize("NFKD").replace(/[^\p{L}\p{N}]/gu, "").toLowerCase();
}

/** Leave out what came twice: the same object, equally long. Objects of one name that differ are all kept. */
function withoutCopies({ pieces }: Finding): { pieces: Piece[]; copies: number } {
  const once = new Map<string, Piece>();
  for (const piece of pieces) {
    const { study, series, sop, patientId } = piece.subject;
    const key = JSON.stringify([patientId, study, series, sop === "" ? piece.file.path : sop, piece.file.bytes]);
    if (!once.has(key)) once.set(key, piece);
  }
  return { pieces: [...once.values()], copies: pieces.length - once.size };
}

/** Studies newest first, their series by number. One study sent for two patients is shown as two. */
function grouped(pieces: readonly Piece[]): LocalStudy[] {
  const studies = by(pieces, ({ subject }) => JSON.stringify([subject.patientId, subject.patientName, subject.study])).map((members) => ({
    subject: first(members).subject,
    otherwise: [...new Set(members.map((one) => one.otherwise).filter((one) => one !== ""))],
    series: by(members, ({ subject }) => subject.series)
      .map((own) => ({ subject: first(own).subject, files: own.map(({ file }) => file), sops: own.map(({ subject }) => subject.sop) }))
      .sort((one, other) => (one.subject.seriesNumber ?? Infinity) - (other.subject.seriesNumber ?? Infinity) || 0),
  }));
  return studies.sort((one, other) => other.subject.studyDate.localeCompare(one.subject.studyDate));
}

function by<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const members = groups.get(keyOf(item));
    if (members === undefined) groups.set(keyOf(item), [item]);
    else members.push(item);
  }
  return [...groups.values()];
}

function first<Item>(items: readonly Item[]): Item {
  const [item] = items;
  if (item === undefined) throw new RangeError("a group has at least one member");
  return item;
}
