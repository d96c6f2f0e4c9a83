import { parseDate, type CalendarDate } from "@internationalized/date";
import { Check, ChevronDown, CircleAlert, Minus, Search, X } from "lucide-react";
import type { ReactNode, Ref } from "react";
import {
  Button,
  Checkbox as AriaCheckbox,
  CheckboxGroup,
  DateField as AriaDateField,
  DateInput,
  DateSegment,
  FieldError,
  Group,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  NumberField as AriaNumberField,
  Popover,
  Radio,
  RadioGroup as AriaRadioGroup,
  SearchField as AriaSearchField,
  Select as AriaSelect,
  SelectValue,
  Switch as AriaSwitch,
  Text,
  TextArea as AriaTextArea,
  TextField as AriaTextField,
  ToggleButton,
} from "react-aria-components";

import { useI18n } from "../i18n/context";

/** What every field has. Values are never `undefined`: what is not answered is `""` or `null`. */
export interface FieldProps {
  readonly label: string;
  /** A sentence that helps before anything is typed. */
  readonly hint?: ReactNode;
  /** What is wrong and what to do, in words. */
  readonly error?: string | undefined;
  readonly isRequired?: boolean;
  readonly isDisabled?: boolean;
  readonly name?: string;
  readonly autoFocus?: boolean;
}

/** A code with its word. */
export interface Option<T extends string = string> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string;
}

/** The label above a field, and whether it may be left empty. */
function FieldLabel({ label, isRequired }: Pick<FieldProps, "label" | "isRequired">) {
  const { t } = useI18n();
  return (
    <Label className="field-label">
      {label}
      {isRequired === false ? <span className="field-mark"> ({t("common.optional")})</span> : null}
    </Label>
  );
}

/** The hint and the error beneath a field. */
function FieldHelp({ hint, error }: Pick<FieldProps, "hint" | "error">) {
  return (
    <>
      {hint === undefined ? null : (
        <Text slot="description" className="field-hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-error">
        {error === undefined ? undefined : (
          <>
            <CircleAlert size={14} aria-hidden="true" />
            {error}
          </>
        )}
      </FieldError>
    </>
  );
}

function aria({ error, isRequired, isDisabled, name, autoFocus }: FieldProps) {
  return {
    className: "field",
    validationBehavior: "aria" as const,
    isInvalid: error !== undefined,
    ...(isRequired === undefined ? {} : { isRequired }),
    ...(isDisabled === undefined ? {} : { isDisabled }),
    ...(name === undefined ? {} : { name }),
    ...(autoFocus === undefined ? {} : { autoFocus }),
  };
}

export interface TextFieldProps extends FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly type?: "text" | "password" | "email" | "tel" | "url";
  readonly autoComplete?: string;
  readonly placeholder?: string;
  readonly maxLength?: number;
  readonly inputMode?: "text" | "numeric" | "decimal" | "tel";
  readonly spellCheck?: "true" | "false";
  readonly inputRef?: Ref<HTMLInputElement>;
  /** Something at the end of the field, such as a button that shows a password. */
  readonly trailing?: ReactNode;
}

/** One line of text. */
export function TextField(props: TextFieldProps) {
  const { value, onChange, type = "text", autoComplete, placeholder, maxLength, inputMode, spellCheck, inputRef, trailing } = props;
  const input = (className: string) => (
    <Input ref={inputRef} className={className} placeholder={placeholder} />
  );
  return (
    <AriaTextField
      {...aria(props)}
      value={value}
      onChange={onChange}
      type={type}
      {...(autoComplete === undefined ? {} : { autoComplete })}
      {...(maxLength === undefined ? {} : { maxLength })}
      {...(inputMode === undefined ? {} : { inputMode })}
      {...(spellCheck === undefined ? {} : { spellCheck })}
    >
      <FieldLabel {...props} />
      {trailing === undefined ? (
        input("input")
      ) : (
        <Group className="input input-group">
          {input("")}
          {trailing}
        </Group>
      )}
      <FieldHelp {...props} />
    </AriaTextField>
  );
}

export interface TextAreaProps extends FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly rows?: number;
  readonly maxLength?: number;
}

/** Several lines of text. */
export function TextArea(props: TextAreaProps) {
  return (
    <AriaTextField {...aria(props)} value={props.value} onChange={props.onChange} {...(props.maxLength === undefined ? {} : { maxLength: props.maxLength })}>
      <FieldLabel {...props} />
      <AriaTextArea className="input" rows={props.rows ?? 3} />
      <FieldHelp {...props} />
    </AriaTextField>
  );
}

export interface NumberFieldProps extends FieldProps {
  readonly value: number | null;
  readonly onChange: (value: number | null) => void;
  readonly min?: number;
  readonly max?: number;
  /** Such as `kg`, shown behind the number. */
  readonly unit?: string;
}

/** A number, typed with the separators of the language. */
export function NumberField(props: NumberFieldProps) {
  return (
    <AriaNumberField
      {...aria(props)}
      value={props.value ?? Number.NaN}
      onChange={(value) => props.onChange(Number.isNaN(value) ? null : value)}
      {...(props.min === undefined ? {} : { minValue: props.min })}
      {...(props.max === undefined ? {} : { maxValue: props.max })}
    >
      <FieldLabel {...props} />
      <Group className="input input-group">
        <Input />
        {props.unit === undefined ? null : <span className="unit">{props.unit}</span>}
      </Group>
      <FieldHelp {...props} />
    </AriaNumberField>
  );
}

export interface DateFieldProps extends FieldProps {
  /** `2026-12-24`, or `""`. */
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly min?: string;
  readonly max?: string;
}

function calendarDate(text: string | undefined): CalendarDate | null {
  try {
    return text === undefined || text === "" ? null : parseDate(text);
  } catch {
    return null;
  }
}

/** A day, typed in the order of the language, without a calendar in the way. */
export function DateField(props: DateFieldProps) {
  return (
    <AriaDateField
      {...aria(props)}
      value={calendarDate(props.value)}
      onChange={(value) => props.onChange(value?.toString() ?? "")}
      minValue={calendarDate(props.min)}
      maxValue={calendarDate(props.max)}
    >
      <FieldLabel {...props} />
      <DateInput className="input date-input">{(segment) => <DateSegment segment={segment} className="date-segment" />}</DateInput>
      <FieldHelp {...props} />
    </AriaDateField>
  );
}

export interface SelectProps<T extends string> extends FieldProps {
  /** `""` when nothing is chosen. */
  readonly value: T | "";
  readonly onChange: (value: T) => void;
  readonly options: readonly Option<T>[];
  readonly placeholder?: string;
}

/** One of many codes. For up to five or so, {@link Choices} needs one press less. */
export function Select<T extends string>(props: SelectProps<T>) {
  const { t } = useI18n();
  return (
    <AriaSelect
      {...aria(props)}
      selectedKey={props.value === "" ? null : props.value}
      onSelectionChange={(key) => {
        const taken = props.options.find((option) => option.value === key);
        if (taken !== undefined) props.onChange(taken.value);
      }}
      placeholder={props.placeholder ?? t("common.choose")}
    >
      <FieldLabel {...props} />
      <Button className="input select-button">
        <SelectValue>{({ isPlaceholder, defaultChildren, selectedText }) => (isPlaceholder ? defaultChildren : selectedText)}</SelectValue>
        <ChevronDown size={16} aria-hidden="true" />
      </Button>
      <FieldHelp {...props} />
      <Popover className="popover" offset={4}>
        <ListBox>
          {props.options.map((option) => (
            <ListBoxItem key={option.value} id={option.value} textValue={option.label} className="option">
              {({ isSelected }) => (
                <>
                  <Text slot="label">{option.label}</Text>
                  {option.hint === undefined ? null : (
                    <Text slot="description" className="faint small">
                      {option.hint}
                    </Text>
                  )}
                  {isSelected ? <Check className="check" size={16} aria-hidden="true" /> : null}
                </>
              )}
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}

export interface ChoicesProps<T extends string> extends FieldProps {
  readonly value: T | "";
  readonly onChange: (value: T) => void;
  readonly options: readonly Option<T>[];
}

/** One of a few codes, all in sight, as chips. A radio group to keyboards and screen readers. */
export function Choices<T extends string>(props: ChoicesProps<T>) {
  return (
    <AriaRadioGroup
      {...aria(props)}
      value={props.value === "" ? null : props.value}
      onChange={(value) => {
        const taken = props.options.find((option) => option.value === value);
        if (taken !== undefined) props.onChange(taken.value);
      }}
    >
      <FieldLabel {...props} />
      <div className="chips">
        {props.options.map((option) => (
          <Radio key={option.value} value={option.value} className="chip">
            {({ isSelected }) => (
              <>
                {isSelected ? <Check size={14} aria-hidden="true" /> : null}
                {option.label}
              </>
            )}
          </Radio>
        ))}
      </div>
      <FieldHelp {...props} />
    </AriaRadioGroup>
  );
}

export interface ManyProps<T extends string> extends FieldProps {
  readonly value: readonly T[];
  readonly onChange: (value: T[]) => void;
  readonly options: readonly Option<T>[];
}

/** Any number of codes, as chips. Tick boxes to keyboards and screen readers. */
export function Many<T extends string>(props: ManyProps<T>) {
  return (
    <CheckboxGroup
      {...aria(props)}
      value={[...props.value]}
      onChange={(values) => props.onChange(props.options.map((option) => option.value).filter((value) => values.includes(value)))}
    >
      <FieldLabel {...props} />
      <div className="chips">
        {props.options.map((option) => (
          <AriaCheckbox key={option.value} value={option.value} className="chip">
            {({ isSelected }) => (
              <>
                {isSelected ? <Check size={14} aria-hidden="true" /> : null}
                {option.label}
              </>
            )}
          </AriaCheckbox>
        ))}
      </div>
      <FieldHelp {...props} />
    </CheckboxGroup>
  );
}

export interface TickProps {
  readonly children: ReactNode;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
  readonly isDisabled?: boolean;
  readonly isIndeterminate?: boolean;
  readonly error?: string | undefined;
  readonly "aria-describedby"?: string;
}

/** A tick box with its words. */
export function Tick({ children, value, onChange, isDisabled = false, isIndeterminate = false, error, ...rest }: TickProps) {
  return (
    <AriaCheckbox {...rest} className="choice" isSelected={value} onChange={onChange} isDisabled={isDisabled} isIndeterminate={isIndeterminate} isInvalid={error !== undefined}>
      <span className="choice-box" aria-hidden="true">
        {isIndeterminate ? <Minus size={13} strokeWidth={3} /> : <Check size={13} strokeWidth={3} />}
      </span>
      <span>{children}</span>
    </AriaCheckbox>
  );
}

export interface ToggleProps {
  readonly children: ReactNode;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
  readonly isDisabled?: boolean;
}

/** Something that is on or off at once, without a button to save it. */
export function Toggle({ children, value, onChange, isDisabled = false }: ToggleProps) {
  return (
    <AriaSwitch className="choice" isSelected={value} onChange={onChange} isDisabled={isDisabled}>
      <span className="switch-track" aria-hidden="true" />
      <span>{children}</span>
    </AriaSwitch>
  );
}

/** One chip that is on or off, for filters above a list. */
export function FilterChip({ children, value, onChange }: ToggleProps) {
  return (
    <ToggleButton className="chip" isSelected={value} onChange={onChange}>
      {value ? <Check size={14} aria-hidden="true" /> : null}
      {children}
    </ToggleButton>
  );
}

export interface SearchProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
  readonly inputRef?: Ref<HTMLInputElement>;
}

/** A field that filters as one types. Nothing typed here leaves the page. */
export function SearchField({ label, value, onChange, placeholder, inputRef }: SearchProps) {
  return (
    <AriaSearchField aria-label={label} value={value} onChange={onChange} className="field">
      <Group className="input input-group">
        <Search size={16} aria-hidden="true" />
        <Input ref={inputRef} placeholder={placeholder ?? label} />
        {value === "" ? null : (
          <Button className="button" data-variant="quiet" data-size="s" data-icon-only>
            <X size={14} aria-hidden="true" />
          </Button>
        )}
      </Group>
    </AriaSearchField>
  );
}
