export { type Clock, ManualClock, SystemClock } from './clock.ts'
export { Timer, type TimerOwner } from './timer.ts'
