import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";

import { renderIn, violations } from "../test/render";
import { Button, Callout, Card, Choices, Confirm, DateField, Deadline, Disclosure, Empty, Facts, IconButton, Many, NumberField, Progress, SearchField, Segments, Select, Skeleton, Steps, Tabs, Tag, TextArea, TextField, Tick, Toggle } from ".";

const nothing = (): void => undefined;
const options = [
  { value: "a", label: "Alpha" },
  { value: "b", label: "Beta" },
] as const;

/** Every component once, as screens use them. */
function Gallery() {
  return (
    <main>
      <Button variant="primary">Send</Button>
      <Button isPending>Sending</Button>
      <IconButton label="Close" icon={<svg aria-hidden="true" />} />
      <Segments label="Language" value="a" onChange={nothing} options={options} />
      <TextField label="Name" value="" onChange={nothing} hint="As in the passport" error="Type a name." isRequired />
      <TextField label="Password" type="password" value="x" onChange={nothing} trailing={<IconButton label="Show" icon={<svg aria-hidden="true" />} />} />
      <TextArea label="Note" value="" onChange={nothing} isRequired={false} />
      <NumberField label="Weight" unit="kg" value={70} onChange={nothing} />
      <DateField label="From" value="2026-12-24" onChange={nothing} />
      <Select label="Type" value="" onChange={nothing} options={options} />
      <Choices label="Sex" value="a" onChange={nothing} options={options} />
      <Many label="Needs" value={["b"]} onChange={nothing} options={options} error="Choose one." />
      <Tick value onChange={nothing}>
        Consent
      </Tick>
      <Toggle value={false} onChange={nothing}>
        Ready
      </Toggle>
      <SearchField label="Search" value="x" onChange={nothing} />
      <Card title="Case" actions={<Button>Edit</Button>} footer={<Button>Send</Button>}>
        <Facts facts={[{ label: "Age", value: "80–84" }]} />
        <Facts columns facts={[{ label: "Sex", value: "F" }]} />
      </Card>
      <Callout tone="bad" title="Wrong" role="alert">
        Try again
      </Callout>
      <Empty icon={<svg />} title="Nothing yet">
        Here will be something.
      </Empty>
      <Skeleton />
      <Progress label="Sending" value={0.4} />
      <Progress label={<b>Opening</b>} value={null} />
      <Steps
        label="Who can see what"
        steps={[
          { title: "Without a name", state: "done" },
          { title: "Full record", state: "current" },
          { title: "Handover", state: "later" },
        ]}
      />
      <Disclosure title="More">Details</Disclosure>
      <Tabs
        label="Parts"
        tabs={[
          { id: "a", title: "Form", count: 2, panel: "form" },
          { id: "b", title: "Notes", panel: "notes" },
        ]}
      />
      <Tag tone="good">Offer</Tag>
      <Deadline at={0} />
    </main>
  );
}

describe("components", () => {
  it.each(["en", "fr", "de"] as const)("have names and roles that axe accepts, in %s", async (language) => {
    const { container } = await renderIn(language, <Gallery />);
    expect(await violations(container)).toEqual([]);
  });

  it("tell errors and hints with their field", async () => {
    await renderIn("en", <TextField label="Name" value="" onChange={nothing} hint="As in the passport" error="Type a name." isRequired />);
    const field = screen.getByRole("textbox", { name: "Name" });
    expect(field.getAttribute("aria-invalid")).toBe("true");
    const described = (field.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent);
    expect(described.join(" ")).toContain("As in the passport");
    expect(described.join(" ")).toContain("Type a name.");
  });

  it("let codes be chosen by the keyboard", async () => {
    const user = userEvent.setup();
    function Two() {
      const [one, setOne] = useState<"a" | "b" | "">("");
      const [many, setMany] = useState<("a" | "b")[]>([]);
      return (
        <>
          <Choices label="Sex" value={one} onChange={setOne} options={options} />
          <Many label="Needs" value={many} onChange={setMany} options={options} />
          <output>{`${one}|${many.join()}`}</output>
        </>
      );
    }
    await renderIn("en", <Two />);
    await user.tab();
    await user.keyboard(" {ArrowRight}");
    await user.tab();
    await user.tab();
    await user.keyboard(" ");
    await user.tab({ shift: true });
    await user.keyboard(" ");
    // In the order of the options, whatever was pressed first.
    expect(screen.getByRole("status").textContent).toBe("b|a,b");
  });

  it("write numbers as the language does", async () => {
    const user = userEvent.setup();
    const changed = vi.fn();
    await renderIn("de", <NumberField label="Gewicht" value={null} onChange={changed} />);
    await user.type(screen.getByRole("textbox", { name: "Gewicht" }), "72,5");
    await user.tab();
    expect(changed).toHaveBeenLastCalledWith(72.5);
  });

  it("ask before what cannot be undone, and let Escape be no", async () => {
    const user = userEvent.setup();
    const [confirm, close] = [vi.fn(), vi.fn()];
    await renderIn(
      "en",
      <Confirm title="Open the record?" action="Open the record" isOpen onClose={close} onConfirm={confirm}>
        For Klinik am Park alone.
      </Confirm>,
    );
    expect(screen.getByRole("alertdialog", { name: "Open the record?" })).toBeDefined();
    await user.keyboard("{Escape}");
    expect([confirm.mock.calls.length, close.mock.calls.length]).toEqual([0, 1]);
    await user.click(screen.getByRole("button", { name: "Open the record" }));
    expect(confirm).toHaveBeenCalledOnce();
  });

  it("say progress in numbers, and nothing where nobody knows", async () => {
    await renderIn(
      "en",
      <>
        <Progress label="Sending" value={0.4} />
        <Progress label="Opening" value={null} />
      </>,
    );
    expect(screen.getByRole("progressbar", { name: "Sending" }).getAttribute("aria-valuenow")).toBe("40");
    expect(screen.getByRole("progressbar", { name: "Opening" }).getAttribute("aria-valuenow")).toBeNull();
  });

  it("say of a deadline whether it is due, over, or stands still", async () => {
    const now = Date.now();
    await renderIn(
      "en",
      <>
        <Deadline at={now + 3 * 3_600_000 + 1_000} />
        <Deadline at={now - 5 * 60_000 - 1_000} />
        <Deadline at={now} pausedSince={now} />
      </>,
    );
    expect(document.body.textContent).toContain("Due in 3 hours");
    expect(document.body.textContent).toContain("Overdue, 5 minutes ago");
    expect(document.body.textContent).toContain("Clock stopped");
  });
});
