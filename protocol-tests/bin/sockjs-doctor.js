#!/usr/bin/env node
// npm links this file when a clone is installed, before the build has written dist/.
import '../dist/doctor/main.js'
