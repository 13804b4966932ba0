//! HTTP, pages, jobs, configuration and the command line of Kakaw.
