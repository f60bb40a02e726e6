/** Something that stands in at most one chain at a time. */
export interface Link<L> {
  before: L | undefined;
  after: L | undefined;
}

/** A list whose links know their neighbours, so that leaving from the middle costs nothing. */
export class Chain<L extends Link<L>> {
  first: L | undefined;
  last: L | undefined;

  append(link: L): void {
    link.before = this.last;
    link.after = undefined;
    if (this.last === undefined) this.first = link;
    else this.last.after = link;
    this.last = link;
  }

  /** Takes out a link that stands in this chain. */
  remove(link: L): void {
    if (link.before === undefined) this.first = link.after;
    else link.before.after = link.after;
    if (link.after === undefined) this.last = link.before;
    else link.after.before = link.before;
    // A link that has been taken out would keep all behind it from being collected while it is young.
    link.before = undefined;
    link.after = undefined;
  }
}
