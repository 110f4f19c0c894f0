/** The parts that views are made of. */
export { useAsync, wasShown } from "./async";
export type { Async } from "./async";
export { Badge, Button, Card, EmptyState, List, Notice, Page, Progress, Row, Skeleton, Spinner } from "./basics";
export { CodeBlock, CopyButton, copyText } from "./copy";
export { Field, Segmented, Select, Toggle } from "./forms";
export type { Option } from "./forms";
export { Icon } from "./icon";
export type { IconName } from "./icon";
export { Dialog, Menu, Questions, Toast, Toasts, confirm, toast } from "./overlay";
export type { MenuItem } from "./overlay";
export { Steady } from "./steady";
