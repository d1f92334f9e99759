import type { ImageFacts } from "../src/dicom/facts";

/** Facts of a plain 16-bit signed grey picture, with what a test changes. */
export function facts(changed: Partial<ImageFacts>): ImageFacts {
  return {
    transferSyntax: "1.2.840.10008.1.2.1",
    sopClass: "1.2.840.10008.5.1.4.1.1.2",
    modality: "CT",
    rows: 2,
    columns: 2,
    frames: 1,
    samples: 1,
    bitsAllocated: 16,
    bitsStored: 16,
    highBit: 15,
    signed: true,
    floating: false,
    photometric: "MONOCHROME2",
    planar: false,
    padding: null,
    palette: null,
    modalityTable: null,
    voiFunction: "LINEAR",
    pixelAspect: 1,
    dental: { teeth: [], jaw: null, regions: [], side: null, lies: null },
    perFrame: [{ slope: 1, intercept: 0, windows: [], position: null, orientation: null, spacing: null, spacingFrom: null, between: null }],
    ...changed,
  };
}
