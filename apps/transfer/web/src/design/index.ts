/** The page's components: React Aria's behaviour with this page's look. Screens use these, and CSS classes of base.css and components.css. */
export { Button, IconButton, LinkButton, Segments, type ButtonProps, type ButtonVariant } from "./Button";
export {
  Choices,
  DateField,
  FilterChip,
  Many,
  NumberField,
  SearchField,
  Select,
  TextArea,
  TextField,
  Tick,
  Toggle,
  type FieldProps,
  type Option,
} from "./fields";
export { Confirm, Dialog, Menu, Tabs, Tip, type MenuEntry } from "./overlays";
export { Callout, Card, Disclosure, Empty, Facts, Progress, RowLink, Skeleton, Steps, Tag, type Fact, type Step, type Tone } from "./surfaces";
export { Clock, Deadline, useNow } from "./time";
export { clearToasts, toast, Toasts } from "./toasts";
