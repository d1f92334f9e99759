/** A stream that begins anew again and again: worth it only while each time brings something new. */
import { StreamBroken } from "./series_index";

const MOST = 5; // a box whose disk refuses, or a line that is never up for long, would be asked for ever

/** Guards that a stream which cannot be given to its end is not fetched without end. */
export class Restarts {
  private had = 0;
  private fruitless = 0;

  /** It begins anew.
   *
   * @param count records that have come by now.
   * @throws StreamBroken after so many times without a new one.
   */
  note(count: number): void {
    this.fruitless = count > this.had ? 0 : this.fruitless + 1;
    this.had = count;
    if (this.fruitless >= MOST) throw new StreamBroken("it begins anew again and again");
  }
}
