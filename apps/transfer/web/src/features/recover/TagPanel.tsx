/** Six characters to compare: the same in several places, or something is wrong. */
export function TagPanel({ label, tag }: { readonly label: string; readonly tag: string }) {
  return (
    <div className="tag-panel" role="group" aria-label={label}>
      <span className="tag-panel-label">{label}</span>
      {/* Read letter by letter: it is no word. */}
      <output className="tag-panel-tag" aria-label={[...tag].join(" ")}>
        {tag}
      </output>
    </div>
  );
}
